#include "resyncer/nets/layers.h"

#include <cmath>

namespace resyncer::nets {

namespace {
using torch::Tensor;

// Normal weights that keep the variance through a leaky ReLU (He).
Tensor he_normal(torch::IntArrayRef shape, double gain = 1) {
  int64_t fan_in = 1;
  for (std::size_t i = 1; i < shape.size(); ++i) fan_in *= shape[i];
  return torch::randn(shape) * (gain * std::sqrt(2.0 / (1 + kLeakySlope * kLeakySlope) / double(fan_in)));
}

Tensor as_compute_weight(const Tensor& weight, const Tensor& x) {
  return weight.to(x.scalar_type()).contiguous(torch::MemoryFormat::ChannelsLast);
}

}  // namespace

ConvImpl::ConvImpl(int in, int out, int kernel, int stride) : stride_(stride) {
  weight = register_parameter("weight", he_normal({out, in, kernel, kernel}));
  bias = register_parameter("bias", torch::zeros({out}));
}

Tensor ConvImpl::forward(const Tensor& x) const {
  return torch::conv2d(x, as_compute_weight(weight, x), bias.to(x.scalar_type()), stride_,
                       weight.size(2) / 2);
}

LinearImpl::LinearImpl(int in, int out, double gain, double bias_value) {
  weight = register_parameter("weight", he_normal({out, in}, gain));
  bias = register_parameter("bias", torch::full({out}, bias_value));
}

Tensor LinearImpl::forward(const Tensor& x) const { return torch::linear(x, weight, bias); }

ModulatedConvImpl::ModulatedConvImpl(int in, int out, int kernel, int style, bool demodulate,
                                     Resampling resampling)
    : demodulate_(demodulate), resampling_(resampling), padding_(kernel / 2) {
  TORCH_INTERNAL_ASSERT(resampling == Resampling::none || kernel == 3);
  weight = register_parameter("weight", he_normal({out, in, kernel, kernel}));
  bias = register_parameter("bias", torch::zeros({out}));
  affine = register_module("affine", Linear(style, in, 0.25, 1.0));
}

Tensor ModulatedConvImpl::styles(const Tensor& w) const { return affine->forward(w); }

Tensor ModulatedConvImpl::demodulation(const Tensor& styles) const {
  if (!demodulate_) return torch::ones({styles.size(0), weight.size(0)}, styles.options());
  // The factor keeps unit variance through the leaky ReLU that follows.
  Tensor energy = weight.square().sum({2, 3}).t();
  return torch::rsqrt(torch::matmul(styles.square(), energy) + 1e-8) * std::sqrt(2.0);
}

Tensor ModulatedConvImpl::kernel() const { return up() ? upsampled_kernel(weight) : weight; }

ModulatedConvImpl::Raw ModulatedConvImpl::convolve(const Tensor& x, const Tensor& w) const {
  Tensor style = styles(w);
  Tensor y = torch::conv2d(scale_channels(x, style), as_compute_weight(kernel(), x), {}, 1, padding_);
  return {y, demodulation(style)};
}

Tensor ModulatedConvImpl::forward(const Tensor& x, const Tensor& w) const {
  Raw raw = convolve(x, w);
  Tensor y = up() ? interleave(raw.values) : raw.values;
  if (demodulate_) y = scale_channels(y, raw.scale);
  return y + bias.to(y.scalar_type()).view({1, -1, 1, 1});
}

NoiseSlotImpl::NoiseSlotImpl() { strength = register_parameter("strength", torch::zeros({1})); }

Tensor NoiseSlotImpl::forward(const ModulatedConvImpl& conv, const Tensor& x, const Tensor& w,
                              const Tensor& features) const {
  return finish_slot(conv.convolve(x, w), conv.bias, features, strength, conv.up());
}

Tensor upsampled_kernel(const Tensor& weight) {
  // Along one axis: even outputs see (w0, w1 + w2) of the pixels (i - 1, i), odd ones (w0 + w1, w2) of (i, i
  // + 1).
  auto halves = [](const Tensor& k, int64_t axis) {
    Tensor w0 = k.select(axis, 0), w1 = k.select(axis, 1), w2 = k.select(axis, 2);
    return torch::stack({torch::stack({w0, w1 + w2}, axis), torch::stack({w0 + w1, w2}, axis)}, 0);
  };
  Tensor rows = halves(weight, 2);  // 2 x out x in x 2 x 3
  Tensor both = halves(rows, 4);    // 2 (b) x 2 (a) x out x in x 2 x 2
  return both.transpose(0, 1).reshape({4 * weight.size(0), weight.size(1), 2, 2});
}

Tensor interleave(const Tensor& parts) {
  int64_t n = parts.size(0), c = parts.size(1) / 4, h = parts.size(2) - 1, w = parts.size(3) - 1;
  Tensor p = parts.permute({0, 2, 3, 1}).reshape({n, h + 1, w + 1, 2, 2, c});
  auto part = [&](int64_t a, int64_t b) {
    return p.select(3, a).select(3, b).slice(1, a, a + h).slice(2, b, b + w);
  };
  Tensor even = torch::stack({part(0, 0), part(0, 1)}, 3), odd = torch::stack({part(1, 0), part(1, 1)}, 3);
  return torch::stack({even, odd}, 2).reshape({n, 2 * h, 2 * w, c}).permute({0, 3, 1, 2});
}

}  // namespace resyncer::nets
