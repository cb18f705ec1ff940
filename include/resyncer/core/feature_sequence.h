#pragma once

#include <vector>

namespace resyncer::core {

// A sequence of feature vectors at a constant rate, row-major frames x dims: mel spectrograms, speech
// features.
struct FeatureSequence {
  int frames = 0;
  int dims = 0;
  double rate = 0;  // frames a second; frame i stands for time (i + 0.5) / rate
  std::vector<float> values;

  const float* row(int i) const { return values.data() + static_cast<std::size_t>(i) * dims; }
};

}  // namespace resyncer::core
