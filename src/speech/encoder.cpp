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
  core::FeatureSequence out;
  Stream stream(*this, block);
  stream.push(mel, &out);
  stream.finish(&out);
  return out;
}

SpeechEncoder::Stream::Stream(const SpeechEncoder& encoder, int block)
    : encoder_(&encoder), block_(block), context_(int(encoder.impl_->network->config().mel_context())) {}

void SpeechEncoder::Stream::push(const core::FeatureSequence& mel, core::FeatureSequence* features) {
  constexpr int kPiece = 1024;  // so that one long call needs no more memory than many short ones
  for (int done = 0; done < mel.frames; done += kPiece) {
    const int count = std::min(kPiece, mel.frames - done);
    mel_.insert(mel_.end(), mel.row(done), mel.row(done) + std::ptrdiff_t(count) * kMelBands);
    level_.push(mel.row(done), count);
    received_ += count;
    while (level_.known() >= 2 * (encoded_ + block_) + context_) encode_next(block_, features);
  }
}

void SpeechEncoder::Stream::finish(core::FeatureSequence* features) {
  level_.finish();
  features->dims = int(encoder_->impl_->network->config().channels);
  features->rate = kMelRate / 2.0;
  for (const int all = (received_ + 1) / 2; encoded_ < all;)
    encode_next(std::min(block_, all - encoded_), features);
}

void SpeechEncoder::Stream::encode_next(int count, core::FeatureSequence* features) {
  torch::NoGradGuard no_grad;
  torch::Tensor window = torch::full({1, 2 * count + 2 * context_, kMelBands}, kMelSilence);
  const int start = 2 * encoded_ - context_;  // mel frame of the window's first row
  const int from = std::max(start, 0), to = std::min(start + int(window.size(1)), received_);
  for (int frame = from; frame < to; ++frame) {
    float* row = window.data_ptr<float>() + std::ptrdiff_t(frame - start) * kMelBands;
    std::copy_n(mel_.data() + std::ptrdiff_t(frame - first_mel_) * kMelBands, kMelBands, row);
    level_.take_off(frame, row);
  }
  const torch::Tensor block = encoder_->impl_->network->forward(window).contiguous();
  features->dims = int(block.size(2));
  features->rate = kMelRate / 2.0;
  features->frames += count;
  features->values.insert(features->values.end(), block.data_ptr<float>(),
                          block.data_ptr<float>() + block.numel());
  encoded_ += count;
  const int needed = std::clamp(2 * encoded_ - context_, 0, received_);
  mel_.erase(mel_.begin(), mel_.begin() + std::ptrdiff_t(needed - first_mel_) * kMelBands);
  first_mel_ = needed;
}

}  // namespace resyncer::speech
