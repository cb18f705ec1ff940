// Layers of StyleGAN2 in the form that is fast on CPUs: one shared convolution for the whole batch, styles
// and demodulation as scales of channels round it. All activations are N x C x H x W in channels-last memory.
//
// Parameters are float32 masters, He-initialised; a layer computes in the dtype of its input (bfloat16 or
// float32).
#pragma once

#include <torch/torch.h>

namespace resyncer::nets {

constexpr double kLeakySlope = 0.2;

// 3 x 3 (or kernel x kernel) convolution with bias, "same" padding at stride 1.
class ConvImpl : public torch::nn::Module {
 public:
  ConvImpl(int in, int out, int kernel, int stride = 1);
  torch::Tensor forward(const torch::Tensor& x) const;

  torch::Tensor weight, bias;

 private:
  int stride_;
};
TORCH_MODULE(Conv);

class LinearImpl : public torch::nn::Module {
 public:
  LinearImpl(int in, int out, double gain = 1, double bias_value = 0);
  torch::Tensor forward(const torch::Tensor& x) const;  // float32

  torch::Tensor weight, bias;
};
TORCH_MODULE(Linear);

enum class Resampling { none, up };

// y = demod * conv(style * x) + bias (StyleGAN2, section 2.2), with style = affine(w) a scale of the input
// channels and demod = 1 / ||style * weight|| a scale of the output channels.
class ModulatedConvImpl : public torch::nn::Module {
 public:
  // With Resampling::up the input is first repeated twice in x and y (nearest).
  ModulatedConvImpl(int in, int out, int kernel, int style, bool demodulate = true,
                    Resampling resampling = Resampling::none);

  // What is left to be done after the shared convolution: y = raw * scale + bias, and, with Resampling::up,
  // `interleave`.
  struct Raw {
    torch::Tensor values;  // N x out x H x W, or N x 4 out x (H + 1) x (W + 1) with Resampling::up
    torch::Tensor scale;   // N x out, float32
  };
  // x: N x in x H x W; w: N x style, float32.
  Raw convolve(const torch::Tensor& x, const torch::Tensor& w) const;
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& w) const;

  torch::Tensor styles(const torch::Tensor& w) const;  // N x in, float32
  torch::Tensor demodulation(
      const torch::Tensor& styles) const;  // N x out, float32; ones without demodulation
  torch::Tensor kernel()
      const;  // that is really convolved: weight, or with Resampling::up `upsampled_kernel`
  int padding() const { return padding_; }
  bool up() const { return resampling_ == Resampling::up; }

  torch::Tensor weight, bias;
  Linear affine{nullptr};

 private:
  bool demodulate_;
  Resampling resampling_;
  int padding_;
};
TORCH_MODULE(ModulatedConv);

// The noise input of StyleGAN, rewired: lrelu(cat(y, strength * features)), where y is the end of a modulated
// convolution. `strength` is learned and starts at 0.
class NoiseSlotImpl : public torch::nn::Module {
 public:
  NoiseSlotImpl();
  torch::Tensor forward(const ModulatedConvImpl& conv, const torch::Tensor& x, const torch::Tensor& w,
                        const torch::Tensor& features) const;

  torch::Tensor strength;  // [1]
};
TORCH_MODULE(NoiseSlot);

// Nearest doubling followed by a 3 x 3 convolution equals four 2 x 2 convolutions of the small picture, one
// for each parity of the output pixel, at 4/9 of the cost. weight: out x in x 3 x 3; answer: (4 out) x in x 2
// x 2, channel (a, b, o) belonging to output pixels (2 i + a, 2 j + b).
torch::Tensor upsampled_kernel(const torch::Tensor& weight);
// Puts the four parts together: N x (4 C) x (H + 1) x (W + 1), made with padding 1, to N x C x 2H x 2W.
torch::Tensor interleave(const torch::Tensor& parts);

// x * scale, where scale is N x C (float32). On the CPU in one sweep, with gradients.
torch::Tensor scale_channels(const torch::Tensor& x, const torch::Tensor& scale);
// lrelu(cat(raw * scale + bias, strength * features)); raw is interleaved first when it has the 4-fold
// channels. On the CPU in one sweep, with gradients; `finish_slot_plainly` is the same in LibTorch's
// operators, for other devices.
torch::Tensor finish_slot(const ModulatedConvImpl::Raw& raw, const torch::Tensor& bias,
                          const torch::Tensor& features, const torch::Tensor& strength, bool interleaved);
torch::Tensor finish_slot_plainly(const ModulatedConvImpl::Raw& raw, const torch::Tensor& bias,
                                  const torch::Tensor& features, const torch::Tensor& strength,
                                  bool interleaved);

}  // namespace resyncer::nets
