#pragma once

#include <vector>

namespace resyncer::core {

// Mono speech. Features are computed at 16 000 Hz.
struct AudioClip {
  int rate = 16000;            // samples a second
  std::vector<float> samples;  // [-1, 1]

  double seconds() const { return rate > 0 ? double(samples.size()) / rate : 0.0; }
};

}  // namespace resyncer::core
