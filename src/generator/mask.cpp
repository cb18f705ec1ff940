#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "resyncer/generator/guidance.h"

namespace resyncer::generator {

namespace {

using core::Point2;

constexpr int kFirstJaw = 3, kLastJaw = 13;              // landmarks that bound the mask below
constexpr float kEnlarge = 1.08F, kEnlargeChin = 1.13F;  // of the distance from the mouth
constexpr int kLattice = 4;                              // px between exact distances

Point2 at(const mesh::Vertices& v, int i) { return v.row(i).head<2>().transpose(); }
Point2 mix(Point2 a, Point2 b, float t) { return a + t * (b - a); }

// The upper border, from the viewer's right to the left: cheek, under the eye, nostril, under the nose and
// back.
void add_upper_border(const mesh::Vertices& v, std::vector<Point2>* polygon) {
  polygon->push_back(mix(at(v, 14), at(v, 35), 0.10F));
  polygon->push_back(mix(at(v, 46), at(v, 54), 0.38F));
  polygon->push_back(mix(at(v, 35), at(v, 13), 0.13F));
  polygon->push_back(mix(at(v, 33), at(v, 51), 0.25F));
  polygon->push_back(mix(at(v, 31), at(v, 3), 0.13F));
  polygon->push_back(mix(at(v, 41), at(v, 48), 0.38F));
  polygon->push_back(mix(at(v, 2), at(v, 31), 0.10F));
}

float distance_to_segment(Point2 p, Point2 a, Point2 b) {
  Point2 along = b - a;
  float length = along.squaredNorm();
  float t = length > 0 ? std::clamp((p - a).dot(along) / length, 0.F, 1.F) : 0.F;
  return (p - a - t * along).norm();
}

float distance_to_border(Point2 p, const std::vector<Point2>& polygon) {
  float nearest = std::numeric_limits<float>::max();
  for (std::size_t i = 0; i < polygon.size(); ++i)
    nearest = std::min(nearest, distance_to_segment(p, polygon[i], polygon[(i + 1) % polygon.size()]));
  return nearest;
}

float smooth_step(float t) {
  t = std::clamp(t, 0.F, 1.F);
  return t * t * (3 - 2 * t);
}

// x positions where the polygon's border crosses the line y, ascending.
void crossings(const std::vector<Point2>& polygon, float y, std::vector<float>* out) {
  out->clear();
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const Point2 a = polygon[i], b = polygon[(i + 1) % polygon.size()];
    if ((a.y() > y) == (b.y() > y)) continue;
    out->push_back(a.x() + (y - a.y()) * (b.x() - a.x()) / (b.y() - a.y()));
  }
  std::sort(out->begin(), out->end());
}

}  // namespace

std::vector<Point2> mask_polygon(const mesh::Vertices& neutral, const mesh::Vertices& wide_open,
                                 const mesh::Vertices& source, const mesh::Vertices& target) {
  Point2 mouth(0, 0);
  for (int i = 48; i < 60; ++i) mouth += at(neutral, i) / 12;
  std::vector<Point2> polygon;
  for (int i = kFirstJaw; i <= kLastJaw; ++i) {
    Point2 farthest = at(neutral, i);
    for (const mesh::Vertices* v : {&wide_open, &source, &target})
      if ((at(*v, i) - mouth).squaredNorm() > (farthest - mouth).squaredNorm()) farthest = at(*v, i);
    const bool chin = i >= 6 && i <= 10;
    polygon.push_back(mix(mouth, farthest, chin ? kEnlargeChin : kEnlarge));
  }
  add_upper_border(neutral, &polygon);
  return polygon;
}

void fill_mask(const std::vector<Point2>& polygon, Point2 origin, float feather, core::ImageF* mask) {
  std::fill(mask->data.begin(), mask->data.end(), 0.F);
  std::vector<float> cuts;
  for (int y = 0; y < mask->height; ++y) {
    crossings(polygon, origin.y() + float(y) + 0.5F, &cuts);
    float* row = mask->row(y);
    for (std::size_t k = 0; k + 1 < cuts.size(); k += 2) {
      const float limit = float(mask->width);
      const int begin = int(std::ceil(std::clamp(cuts[k] - origin.x() - 0.5F, 0.F, limit)));
      const int end = int(std::ceil(std::clamp(cuts[k + 1] - origin.x() - 0.5F, 0.F, limit)));
      std::fill(row + begin, row + std::max(begin, end), 1.F);
    }
  }
  if (feather <= 0) return;
  // The distance is smooth, so it is exact on a lattice and linear in between.
  const int columns = mask->width / kLattice + 2;
  const auto nodes = static_cast<std::size_t>(columns);
  std::vector<float> upper(nodes), lower(nodes);
  auto measure = [&](int y, std::vector<float>* out) {
    for (int i = 0; i < columns; ++i)
      (*out)[std::size_t(i)] =
          distance_to_border(origin + Point2(float(i * kLattice) + 0.5F, float(y) + 0.5F), polygon);
  };
  measure(0, &lower);
  for (int y = 0; y < mask->height; ++y) {
    if (y % kLattice == 0) {
      std::swap(upper, lower);
      measure(y + kLattice, &lower);
    }
    const float v = float(y % kLattice) / kLattice;
    float* row = mask->row(y);
    for (int x = 0; x < mask->width; ++x) {
      if (row[x] == 0) continue;
      const auto i = std::size_t(x / kLattice);
      const float u = float(x % kLattice) / kLattice;
      const float distance =
          (1 - v) * ((1 - u) * upper[i] + u * upper[i + 1]) + v * ((1 - u) * lower[i] + u * lower[i + 1]);
      row[x] = smooth_step(distance / feather);
    }
  }
}

}  // namespace resyncer::generator
