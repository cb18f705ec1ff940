// Speech encoder in the place of the paper's wav2vec: log-mel at 100 Hz to features at 50 Hz.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "resyncer/core/feature_sequence.h"

namespace resyncer::speech {

class SpeechEncoder {
 public:
  // A weights file of kind "motion" (the encoder is trained with the motion model). Throws Error{model}.
  explicit SpeechEncoder(const std::filesystem::path& weights);
  ~SpeechEncoder();
  SpeechEncoder(SpeechEncoder&&) noexcept;
  SpeechEncoder& operator=(SpeechEncoder&&) noexcept;

  // 100 Hz mel (features.h) to 50 Hz features, ceil(frames / 2) of them. Works in blocks of `block` features
  // with the receptive field's overlap, so memory beyond the result is flat and the result does not depend on
  // the block size. Before the start and after the end there is silence.
  core::FeatureSequence encode(const core::FeatureSequence& mel, int block = 512) const;

  // Loudness gate: true where somebody speaks, one value a feature frame, with hysteresis and hang-over.
  // Speech is what rises above the level of the seconds around it, band by band: silence, steady noise and
  // hum are none, at any level.
  static std::vector<bool> speech_gate(const core::FeatureSequence& mel);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace resyncer::speech
