// How much memory a render will need, before it runs.
#pragma once

#include <cstdint>

namespace resyncer::batch {

struct RenderSize {
  std::int64_t pixels = 0;  // of a frame; 0 = unknown, taken as 1920 x 1080
  int threads = 1;
  bool adapts = false;  // learns the person first
};

class MemoryEstimate {
 public:
  // Bytes.
  std::int64_t of(const RenderSize& size) const;
  // A render has ended and needed so much: later estimates are scaled by it.
  void learn(const RenderSize& size, std::int64_t peak_bytes);

 private:
  double largest_ratio_ = 0;  // of a peak to what was expected of it; 0 = none has ended
};

}  // namespace resyncer::batch
