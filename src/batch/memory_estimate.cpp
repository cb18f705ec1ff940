#include "batch/memory_estimate.h"

#include <algorithm>

namespace resyncer::batch {

namespace {

// Above the peaks of whole renders with the network (docs/commands/batch.md): weights and libraries, what
// each thread has in work, frames on their way with the reference pictures, whose size follows the frame's.
constexpr double kBase = 350e6, kOfThread = 50e6, kOfPixel = 220, kOfPixelAndThread = 25, kOfAdapting = 1e9;
constexpr std::int64_t kUnknown = 1920 * 1080;
constexpr double kMargin = 1.1;  // of what was measured

double expected(const RenderSize& size) {
  const double pixels = double(size.pixels > 0 ? size.pixels : kUnknown);
  return kBase + kOfThread * size.threads + (kOfPixel + kOfPixelAndThread * size.threads) * pixels +
         (size.adapts ? kOfAdapting : 0);
}

}  // namespace

std::int64_t MemoryEstimate::of(const RenderSize& size) const {
  return std::int64_t(expected(size) * (largest_ratio_ > 0 ? kMargin * largest_ratio_ : 1));
}

void MemoryEstimate::learn(const RenderSize& size, std::int64_t peak_bytes) {
  largest_ratio_ = std::max(largest_ratio_, double(peak_bytes) / expected(size));
}

}  // namespace resyncer::batch
