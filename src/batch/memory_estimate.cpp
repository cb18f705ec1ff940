#include "batch/memory_estimate.h"

#include <algorithm>

namespace resyncer::batch {

namespace {

// Measured as the peak of whole renders on two cores (docs/commands/batch.md): weights and libraries, then
// the network's activations of each thread, then frames on their way, reference pictures and the encoder.
constexpr double kBase = 550e6, kOfThread = 150e6, kOfPixel = 150, kOfPixelAndThread = 60;
constexpr std::int64_t kUnknown = 1920 * 1080;
constexpr double kMargin = 1.1;  // of what was measured

double expected(std::int64_t pixels, int threads) {
  const double frame = double(pixels > 0 ? pixels : kUnknown);
  return kBase + kOfThread * threads + (kOfPixel + kOfPixelAndThread * threads) * frame;
}

}  // namespace

std::int64_t MemoryEstimate::of(std::int64_t pixels, int threads) const {
  return std::int64_t(expected(pixels, threads) * (largest_ratio_ > 0 ? kMargin * largest_ratio_ : 1));
}

void MemoryEstimate::learn(std::int64_t pixels, int threads, std::int64_t peak_bytes) {
  largest_ratio_ = std::max(largest_ratio_, double(peak_bytes) / expected(pixels, threads));
}

}  // namespace resyncer::batch
