// Speech encoder in the place of the paper's wav2vec: log-mel at 100 Hz to features at 50 Hz.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "resyncer/core/feature_sequence.h"

namespace resyncer::speech {

class SpeechEncoder {
 public:
  // Throws Error{model}.
  explicit SpeechEncoder(const std::filesystem::path& weights);
  ~SpeechEncoder();

  // 100 Hz mel to 50 Hz features, ceil(frames / 2) of them. Works in blocks with the receptive field's overlap, so memory is
  // flat and the result does not depend on the block size.
  core::FeatureSequence encode(const core::FeatureSequence& mel) const;
  // Loudness gate: true where somebody speaks, one value a feature frame, with hysteresis and hang-over.
  static std::vector<bool> speech_gate(const core::FeatureSequence& mel);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace resyncer::speech
