// Loudness gate: where somebody speaks, with hysteresis and hang-over. Speech is what rises above the level
// of the seconds around it, band by band: silence, steady noise and hum are none, at any level.
#pragma once

#include <vector>

#include "resyncer/core/feature_sequence.h"

namespace resyncer::speech {

// Takes the mel (features.h) in pieces of any length; holds ten seconds of it and one number a frame.
class SpeechGate {
 public:
  void push(const core::FeatureSequence& mel);
  // One value a feature frame (50 Hz), ceil(mel frames / 2) of them. The stream begins anew.
  std::vector<bool> finish();

 private:
  int level_end() const;  // frames with a level
  void add_level();
  void add_excess(int count);

  int frames_ = 0;
  std::vector<float> power_;  // of every band; rows of the last frames
  std::vector<float> level_;  // ln(power), smoothed; rows from frame first_level_ on
  int first_level_ = 0;
  std::vector<float> excess_;  // how far a frame stands above the floor, mean over the bands
};

}  // namespace resyncer::speech
