#include "resyncer/speech/encoder.h"

#include <torch/torch.h>

#include <algorithm>

#include "resyncer/nets/sync_former.h"
#include "resyncer/speech/features.h"

namespace resyncer::speech {

struct SpeechEncoder::Impl {
  mutable nets::SpeechEncoder network{nullptr};  // torch's forward is not const
};

SpeechEncoder::SpeechEncoder(const std::filesystem::path& weights) : impl_(std::make_unique<Impl>()) {
  impl_->network = nets::load_motion_networks(weights).speech;
  if (impl_->network->config().mel_bands != kMelBands)
    throw core::Error(core::ErrorKind::model, "the speech encoder is for another number of mel bands",
                      weights.string(), "fetch the weights of this release");
}

SpeechEncoder::~SpeechEncoder() = default;
SpeechEncoder::SpeechEncoder(SpeechEncoder&&) noexcept = default;
SpeechEncoder& SpeechEncoder::operator=(SpeechEncoder&&) noexcept = default;

core::FeatureSequence SpeechEncoder::encode(const core::FeatureSequence& mel, int block) const {
  torch::NoGradGuard no_grad;
  const int context = int(impl_->network->config().mel_context());
  const int channels = int(impl_->network->config().channels);
  core::FeatureSequence out{(mel.frames + 1) / 2, channels, kMelRate / 2.0, {}};
  out.values.resize(std::size_t(out.frames) * std::size_t(channels));
  const MelLevel level(mel.values.data(), mel.frames);
  for (int first = 0; first < out.frames; first += block) {
    int count = std::min(block, out.frames - first);
    torch::Tensor window = torch::full({1, 2 * count + 2 * context, mel.dims}, kMelSilence);
    int start = 2 * first - context;  // mel frame of the window's first row
    int from = std::max(start, 0), to = std::min(start + int(window.size(1)), mel.frames);
    for (int frame = from; frame < to; ++frame) {
      float* row = window.data_ptr<float>() + std::ptrdiff_t(frame - start) * mel.dims;
      std::copy_n(mel.row(frame), mel.dims, row);
      level.take_off(frame, row);
    }
    torch::Tensor features = impl_->network->forward(window).contiguous();
    std::copy_n(features.data_ptr<float>(), std::size_t(count) * std::size_t(channels),
                out.values.begin() + std::ptrdiff_t(first) * channels);
  }
  return out;
}

}  // namespace resyncer::speech
