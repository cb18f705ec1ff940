#include "appearance.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace resyncer::track {
namespace {

constexpr float kNewLook = 0.8F;  // likeness below which a clearly seen face is worth remembering

float correlation(const float* a, const float* b, int n) {
  float mean_a = 0, mean_b = 0;
  for (int i = 0; i < n; ++i) {
    mean_a += a[i] / float(n);
    mean_b += b[i] / float(n);
  }
  float ab = 0, aa = 1e-3F, bb = 1e-3F;
  for (int i = 0; i < n; ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return ab / std::sqrt(aa * bb);
}

}  // namespace

float Appearance::compare(const core::ImageU8& chip, float box_left, float box_side, bool clearly_a_face) {
  cv::Mat whole(chip.height, chip.width, CV_8UC1, const_cast<std::uint8_t*>(chip.data.data()));
  int first = int(std::lround(box_left)), side = std::min(int(std::lround(box_side)), chip.width - first);
  std::array<std::uint8_t, kSide * kSide> pixels{};
  cv::Mat small(kSide, kSide, CV_8UC1, pixels.data());
  cv::resize(whole(cv::Rect(first, first, side, side)), small, small.size(), 0, 0, cv::INTER_AREA);
  Picture now;
  std::copy(pixels.begin(), pixels.end(), now.begin());
  constexpr int kHalf = kSide * kSide / 2;
  float likeness = known_.empty() ? 1.F : -1.F;
  for (const auto& picture : known_) {
    float upper = correlation(now.data(), picture.data(), kHalf);
    float lower = correlation(now.data() + kHalf, picture.data() + kHalf, kHalf);
    likeness = std::max(likeness, std::min(upper, lower));
  }
  if (clearly_a_face && (known_.empty() || likeness < kNewLook)) {
    if (known_.size() < kKnown) {
      known_.push_back(now);
    } else {
      known_[oldest_] = now;
      oldest_ = (oldest_ + 1) % kKnown;
    }
  }
  return likeness;
}

}  // namespace resyncer::track
