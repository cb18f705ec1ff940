#include "resyncer/eval/seam_metrics.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "eval/luma.h"

namespace resyncer::eval {

namespace {

using core::ImageF;

constexpr float kSoft =
    0.02F;  // alpha nearer to 0 or 1 than this is 0 or 1: it moves no code by more than two
constexpr float kEdgeShare = 0.01F, kBesideShare = 0.04F;  // of the mask's width
constexpr double kFlat = 0.5 / 255;

int edge_reach(int mask_width) { return std::max(1, int(std::lround(kEdgeShare * float(mask_width)))); }
int beside_reach(int mask_width) { return std::max(2, int(std::lround(kBesideShare * float(mask_width)))); }

// Counts of the marked pixels in any box, by a summed-area table.
class Marks {
 public:
  template <typename Marked>
  Marks(int width, int height, Marked marked)
      : width_(width), height_(height), sums_(std::size_t(width + 1) * std::size_t(height + 1), 0) {
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x)
        at(x + 1, y + 1) = (marked(x, y) ? 1 : 0) + at(x, y + 1) + at(x + 1, y) - at(x, y);
  }

  // Whether one lies in the square of `reach` px to all sides.
  bool near(int x, int y, int reach) const {
    const int left = std::max(0, x - reach), right = std::min(width_, x + reach + 1);
    const int top = std::max(0, y - reach), bottom = std::min(height_, y + reach + 1);
    return at(right, bottom) - at(left, bottom) - at(right, top) + at(left, top) > 0;
  }

 private:
  std::int32_t& at(int x, int y) { return sums_[std::size_t(y) * std::size_t(width_ + 1) + std::size_t(x)]; }
  std::int32_t at(int x, int y) const {
    return sums_[std::size_t(y) * std::size_t(width_ + 1) + std::size_t(x)];
  }
  int width_, height_;
  std::vector<std::int32_t> sums_;
};

int mask_width(const ImageF& alpha) {
  int left = alpha.width, right = 0;
  for (int y = 0; y < alpha.height; ++y)
    for (int x = 0; x < alpha.width; ++x)
      if (alpha.at(x, y) > 0) left = std::min(left, x), right = std::max(right, x + 1);
  return std::max(0, right - left);
}

double mean_gradient(const ImageF& y, const ImageF& zone) {
  double sum = 0, count = 0;
  for (int v = 1; v + 1 < y.height; ++v)
    for (int u = 1; u + 1 < y.width; ++u) {
      if (zone.at(u, v) <= 0) continue;
      sum += std::hypot(gradient_x(y, u, v), gradient_y(y, u, v));
      count += 1;
    }
  return count > 0 ? sum / count : 0;
}

}  // namespace

int seam_reach(int mask_width) { return edge_reach(mask_width) + beside_reach(mask_width) + 1; }

SeamZones seam_zones(const ImageF& alpha) {
  const int width = mask_width(alpha), edge = edge_reach(width), beside = beside_reach(width);
  SeamZones zones{ImageF(alpha.width, alpha.height, 1), ImageF(alpha.width, alpha.height, 1)};
  const Marks not_inside(alpha.width, alpha.height, [&](int x, int y) { return alpha.at(x, y) < 1 - kSoft; });
  const Marks not_outside(alpha.width, alpha.height, [&](int x, int y) { return alpha.at(x, y) > kSoft; });
  for (int y = 0; y < alpha.height; ++y)
    for (int x = 0; x < alpha.width; ++x)
      zones.edge.at(x, y) = not_inside.near(x, y, edge) && not_outside.near(x, y, edge) ? 1.F : 0.F;
  const Marks on_edge(alpha.width, alpha.height, [&](int x, int y) { return zones.edge.at(x, y) > 0; });
  for (int y = 0; y < alpha.height; ++y)
    for (int x = 0; x < alpha.width; ++x)
      zones.beside.at(x, y) = zones.edge.at(x, y) <= 0 && on_edge.near(x, y, beside) ? 1.F : 0.F;
  return zones;
}

double edge_prominence(const ImageF& image, const SeamZones& zones) {
  const ImageF y = luma(image);
  return (mean_gradient(y, zones.edge) + kFlat) / (mean_gradient(y, zones.beside) + kFlat);
}

double seam_ratio(const ImageF& result, const ImageF& source, const SeamZones& zones) {
  return edge_prominence(result, zones) / edge_prominence(source, zones);
}

}  // namespace resyncer::eval
