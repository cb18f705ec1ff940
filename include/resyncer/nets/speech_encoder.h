// Speech encoder (in the place of the paper's wav2vec): log-mel at 100 Hz, its level taken off
// (speech::MelLevel), to features at 50 Hz, by residual
// dilated convolutions in time. All convolutions are "valid": the caller pads, so that a part of a clip with
// its context gives the same features as the whole.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <vector>

#include "resyncer/nets/weights.h"

namespace resyncer::nets {

struct SpeechEncoderConfig {
  std::int64_t mel_bands = 80;
  std::int64_t channels = 128;
  std::int64_t blocks = 7;  // dilations 1, 2, 4, ..., 2^(cycle - 1), 1, 2, ...
  std::int64_t cycle = 5;

  std::int64_t dilation(std::int64_t block) const { return std::int64_t{1} << (block % cycle); }

  std::vector<ConfigField> fields();
  // Features of context that the blocks need on either side of a feature.
  std::int64_t context() const;
  // Mel frames before frame 2i that feature i needs, and after frame 2i + 1.
  std::int64_t mel_context() const { return 2 * context() + 3; }
};

// A convolution in time over [B, T, C] with `taps` taps, valid: a matrix product over the taps side by side.
class TimeConvImpl : public torch::nn::Module {
 public:
  TimeConvImpl(std::int64_t in, std::int64_t out, std::int64_t taps, std::int64_t stride,
               std::int64_t dilation);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  std::int64_t taps_, stride_, dilation_;
  torch::nn::Linear linear_{nullptr};
};
TORCH_MODULE(TimeConv);

class SpeechEncoderImpl : public torch::nn::Module {
 public:
  explicit SpeechEncoderImpl(const SpeechEncoderConfig& config, double dropout = 0.0);
  // mel [B, 2 F + 2 mel_context, bands] -> features [B, F, channels].
  torch::Tensor forward(const torch::Tensor& mel);

  const SpeechEncoderConfig& config() const { return config_; }

 private:
  SpeechEncoderConfig config_;
  double dropout_;
  TimeConv input_{nullptr};
  torch::nn::ModuleList norms_, convs_, mixes_;
};
TORCH_MODULE(SpeechEncoder);

}  // namespace resyncer::nets
