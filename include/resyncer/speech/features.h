// Log-mel spectrogram: 80 bands, 100 frames a second at 16 000 Hz (Hann window 400, FFT 512, hop 160, 55-7600
// Hz on Slaney's mel scale, pre-emphasis 0.97), natural log with a floor, normalised by fixed constants so
// that speech at usual levels has about zero mean and unit deviation. Frame i is centred at sample 160 i
// + 80.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "resyncer/core/audio.h"
#include "resyncer/core/feature_sequence.h"

namespace resyncer::speech {

constexpr int kMelBands = 80;
constexpr int kMelRate = 100;  // frames a second

// A stored value is (ln(power) - kMelMean) / kMelScale, where a sine of amplitude 1 has about power 1; powers
// below e^kMelFloor count as that: kMelSilence is the value of digital silence and the lowest there is.
constexpr float kMelFloor = -20.F;
constexpr float kMelMean = -12.F;
constexpr float kMelScale = 3.F;
constexpr float kMelSilence = (kMelFloor - kMelMean) / kMelScale;

// Whole clip: floor(samples / 160) frames. Any level is legal, digital silence, clipping, NaN (taken as 0)
// and huge values (limited to +-8) too: the result is always finite. Throws Error{input} unless the rate is
// 16 000 Hz.
core::FeatureSequence mel_spectrogram(const core::AudioClip& clip);

// The same in blocks: the frames of all calls in a row equal those of one call, to the bit.
class MelStream {
 public:
  MelStream();
  ~MelStream();
  MelStream(MelStream&&) noexcept;
  MelStream& operator=(MelStream&&) noexcept;

  void push(const float* samples, std::size_t count,
            core::FeatureSequence* out);    // appends the finished frames
  void finish(core::FeatureSequence* out);  // appends the rest; the stream begins anew

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The level of a recording, band by band: mean power of the seconds around, taken off the log-mel. What is
// left does not know the microphone, the voice's timbre or how loud the file is. Speech dominates a mean of
// powers, so pauses do not shift it; in silence the level stops at a floor and does not turn hiss into
// speech. A frame's level depends on the 4.5 seconds around it alone.
class MelLevel {
 public:
  MelLevel() = default;                    // of a recording that comes in pieces
  MelLevel(const float* mel, int frames);  // of a whole one; rows of kMelBands

  void push(const float* mel, int frames);     // the next frames
  void finish();                               // there are no more
  int known() const;                           // frames whose level does not depend on what comes next
  void take_off(int frame, float* row) const;  // row: that of `frame` < known(), in place

 private:
  int level_count() const { return int(level_.size()) / kMelBands; }
  void add_level();

  int frames_ = 0;
  bool finished_ = false;
  int first_power_ = 0;  // block of power_'s first row
  std::vector<double>
      power_;                 // a row a block, summed over its frames; of the blocks that a level still needs
  std::vector<float> level_;  // a row a block
};

}  // namespace resyncer::speech
