// Speech encoder in the place of the paper's wav2vec: log-mel at 100 Hz to features at 50 Hz.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "resyncer/core/feature_sequence.h"
#include "resyncer/speech/features.h"

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

  // The same for a mel that comes in pieces of any length: to the bit what `encode` gives for the whole.
  // Of the mel it holds a block, its context and the seconds that MelLevel looks ahead.
  class Stream {
   public:
    explicit Stream(const SpeechEncoder& encoder, int block = 512);  // `encoder` must outlive it
    // Appends the features that are certain by now, whole blocks of them.
    void push(const core::FeatureSequence& mel, core::FeatureSequence* features);
    void finish(core::FeatureSequence* features);  // appends the rest

   private:
    void encode_next(int count, core::FeatureSequence* features);

    const SpeechEncoder* encoder_;
    int block_, context_;  // features of a block; mel frames of context on either side
    MelLevel level_;
    std::vector<float> mel_;                          // rows from frame first_mel_ on
    int first_mel_ = 0, received_ = 0, encoded_ = 0;  // mel frames, mel frames, features
  };

  // SpeechGate of a whole mel.
  static std::vector<bool> speech_gate(const core::FeatureSequence& mel);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace resyncer::speech
