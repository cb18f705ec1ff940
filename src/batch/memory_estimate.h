// How much memory a render will need, before it runs.
#pragma once

#include <cstdint>

namespace resyncer::batch {

class MemoryEstimate {
 public:
  // Bytes. `pixels` of a frame; 0 = unknown, taken as 1920 x 1080.
  std::int64_t of(std::int64_t pixels, int threads) const;
  // A render has ended and needed so much: later estimates are scaled by it.
  void learn(std::int64_t pixels, int threads, std::int64_t peak_bytes);

 private:
  double largest_ratio_ = 0;  // of a peak to what was expected of it; 0 = none has ended
};

}  // namespace resyncer::batch
