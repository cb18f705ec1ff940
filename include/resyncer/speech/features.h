// Log-mel spectrogram: 80 bands, 100 frames a second at 16 000 Hz (window 400, FFT 512, hop 160, 55-7600 Hz, pre-emphasis
// 0.97), natural log with a floor, normalised by fixed constants. Frame i is centred at sample 160 i + 80.
#pragma once

#include <cstddef>
#include <vector>

#include "resyncer/core/audio.h"
#include "resyncer/core/feature_sequence.h"

namespace resyncer::speech {

constexpr int kMelBands = 80;
constexpr int kMelRate = 100;  // frames a second

// Whole clip: floor(samples / 160) frames. Any level is legal, digital silence and clipping too: no NaN ever.
core::FeatureSequence mel_spectrogram(const core::AudioClip& clip);

// The same in blocks: the frames of all calls in a row equal those of one call, to the bit.
class MelStream {
 public:
  MelStream();
  void push(const float* samples, std::size_t count, core::FeatureSequence* out);  // appends the finished frames
  void finish(core::FeatureSequence* out);                                        // appends the rest

 private:
  std::vector<float> pending_;
  std::size_t skip_ = 0;
  float previous_ = 0;
  bool begun_ = false;
};

}  // namespace resyncer::speech
