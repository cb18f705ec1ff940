#include "resyncer/nets/speech_encoder.h"

namespace resyncer::nets {

namespace {
constexpr std::int64_t kInputTaps =
    8;  // centred on the two mel frames of a feature: three more on either side
}  // namespace

std::vector<ConfigField> SpeechEncoderConfig::fields() {
  return {{"mel_bands", &mel_bands, 1, 512},
          {"speech_channels", &channels, 8, 512},
          {"speech_blocks", &blocks, 1, 32},
          {"speech_cycle", &cycle, 1, 8}};
}

std::int64_t SpeechEncoderConfig::context() const {
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < blocks; ++i) sum += dilation(i);
  return sum;
}

TimeConvImpl::TimeConvImpl(std::int64_t in, std::int64_t out, std::int64_t taps, std::int64_t stride,
                           std::int64_t dilation)
    : taps_(taps), stride_(stride), dilation_(dilation) {
  linear_ = register_module("linear", torch::nn::Linear(in * taps, out));
}

torch::Tensor TimeConvImpl::forward(const torch::Tensor& x) {
  std::int64_t count = (x.size(1) - (taps_ - 1) * dilation_ - 1) / stride_ + 1;
  std::vector<torch::Tensor> taps;
  for (std::int64_t i = 0; i < taps_; ++i) {
    std::int64_t start = i * dilation_;
    taps.push_back(x.slice(1, start, start + (count - 1) * stride_ + 1, stride_));
  }
  return linear_(torch::cat(taps, 2));
}

SpeechEncoderImpl::SpeechEncoderImpl(const SpeechEncoderConfig& config, double dropout)
    : config_(config), dropout_(dropout) {
  input_ = register_module("input", TimeConv(config.mel_bands, config.channels, kInputTaps, 2, 1));
  for (std::int64_t i = 0; i < config.blocks; ++i) {
    norms_->push_back(torch::nn::LayerNorm(torch::nn::LayerNormOptions({config.channels})));
    convs_->push_back(TimeConv(config.channels, config.channels, 3, 1, config.dilation(i)));
    mixes_->push_back(torch::nn::Linear(config.channels, config.channels));
  }
  norms_->push_back(torch::nn::LayerNorm(torch::nn::LayerNormOptions({config.channels})));
  register_module("norms", norms_);
  register_module("convs", convs_);
  register_module("mixes", mixes_);
}

torch::Tensor SpeechEncoderImpl::forward(const torch::Tensor& mel) {
  torch::Tensor x = input_(mel);
  for (std::int64_t i = 0; i < config_.blocks; ++i) {
    torch::Tensor y = norms_[std::size_t(i)]->as<torch::nn::LayerNorm>()->forward(x);
    y = torch::relu(convs_[std::size_t(i)]->as<TimeConv>()->forward(y));
    // Whole channels are dropped: neighbours in time would tell what is missing, and so few draws cost
    // nothing.
    if (is_training() && dropout_ > 0)
      y = y * torch::dropout(torch::ones({y.size(0), 1, y.size(2)}, y.options()), dropout_, true);
    y = mixes_[std::size_t(i)]->as<torch::nn::Linear>()->forward(y);
    std::int64_t edge = config_.dilation(i);
    x = x.slice(1, edge, x.size(1) - edge) + y;
  }
  return norms_[std::size_t(config_.blocks)]->as<torch::nn::LayerNorm>()->forward(x);
}

}  // namespace resyncer::nets
