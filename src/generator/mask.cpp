#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>

#include "generator/convex_hull.h"
#include "resyncer/generator/guidance.h"
#include "resyncer/mesh/camera.h"

namespace resyncer::generator {

namespace {

using core::Point2;

// The outline below: landmarks of the jaw from cheek to cheek, each moved outwards by so much (cm on a face
// whose jaw, landmark 3 to 13, measures 13 cm in 3D). The chin is painted with its edge. Further up the jaw's
// edge hardly moves in speech, and the hole stays inside of it: hair, collar and background that meet it
// there are no business of ours, and no reference shows them where they are now.
constexpr int kFirstJaw = 3, kLastJaw = 13;
constexpr std::array<float, 11> kOutwards{-0.7F, -0.6F, -0.4F, 0.F,   0.45F, 0.65F,
                                          0.45F, 0.F,   -0.4F, -0.6F, -0.7F};
constexpr float kLipMargin =
    0.6F;  // cm round the lips, which stick out beyond the far cheek of a turned head
constexpr float kNoseMargin = 0.35F;  // cm between the nose and the notch

Point2 at(const mesh::Vertices& v, int i) { return v.row(i).head<2>().transpose(); }
Point2 mix(Point2 a, Point2 b, float t) { return a + t * (b - a); }
float cross(Point2 a, Point2 b) { return a.x() * b.y() - a.y() * b.x(); }

Point2 outwards(Point2 p, Point2 middle, float distance) {
  const Point2 away = p - middle;
  const float length = away.norm();
  return length > 0 ? Point2(p + away * (distance / length)) : p;
}

// The part of a convex polygon (clockwise for the viewer) on the right-hand side of the line from `a` to `b`:
// the chin's when they are the left and the right cheek. Starts where the border crosses the line downwards,
// ends where it comes back. Empty when it does not cross.
std::vector<Point2> below(const std::vector<Point2>& polygon, Point2 a, Point2 b) {
  const std::size_t n = polygon.size();
  auto height = [&](std::size_t i) { return cross(b - a, polygon[i % n] - a); };
  auto on_line = [&](std::size_t i) {
    return mix(polygon[i % n], polygon[(i + 1) % n], height(i) / (height(i) - height(i + 1)));
  };
  for (std::size_t start = 0; start < n; ++start) {
    if (height(start) > 0 || height(start + 1) <= 0) continue;
    std::vector<Point2> part{on_line(start)};
    std::size_t i = start + 1;
    for (; height(i) > 0; ++i) part.push_back(polygon[i % n]);
    part.push_back(on_line(i - 1));
    return part;
  }
  return {};
}

// The notch for the nose, from the viewer's left cheek to the right one: up the cheek, under the eye, down
// beside the nose, under it, and up again. `right`, `down`: unit vectors of the face in the picture.
void add_notch(const mesh::Vertices& v, Point2 left_cheek, Point2 right_cheek, float cm,
               std::vector<Point2>* out) {
  Point2 right = at(v, 45) - at(v, 36);
  right = right.norm() > 0 ? Point2(right.normalized()) : Point2(1, 0);
  const Point2 down(-right.y(), right.x());
  float first = right_cheek.dot(right), last = left_cheek.dot(right), bottom = at(v, 33).dot(down);
  for (int i = 30; i <= 35; ++i) {
    first = std::min(first, at(v, i).dot(right) - kNoseMargin * cm);
    last = std::max(last, at(v, i).dot(right) + kNoseMargin * cm);
    if (i > 30) bottom = std::max(bottom, at(v, i).dot(down) + 0.6F * kNoseMargin * cm);
  }
  // The far cheek of a turned head may lie behind the nose.
  first = std::max(first, left_cheek.dot(right));
  last = std::min(last, right_cheek.dot(right));
  auto place = [&](float across, float along) { return Point2(across * right + along * down); };
  const float under_left_eye = mix(at(v, 41), at(v, 48), 0.33F).dot(down),
              under_right_eye = mix(at(v, 46), at(v, 54), 0.33F).dot(down);
  const float nostrils = 0.5F * (at(v, 31) + at(v, 35)).dot(down);
  auto under_eye = [&](Point2 cheek, float edge, float along) {
    return place(mix(cheek, place(edge, 0), 0.6F).dot(right), std::min(along, nostrils));
  };
  out->push_back(under_eye(left_cheek, first, under_left_eye));
  out->push_back(place(first, std::min(nostrils, 0.5F * (nostrils + under_left_eye))));
  out->push_back(place(first, nostrils));
  out->push_back(place(0.6F * first + 0.4F * last, bottom));
  out->push_back(place(0.4F * first + 0.6F * last, bottom));
  out->push_back(place(last, nostrils));
  out->push_back(place(last, std::min(nostrils, 0.5F * (nostrils + under_right_eye))));
  out->push_back(under_eye(right_cheek, last, under_right_eye));
}

// x positions where the polygon's border crosses the line y, ascending.
void crossings(const std::vector<Point2>& polygon, float y, std::vector<float>* out) {
  out->clear();
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const Point2 &a = polygon[i], &b = polygon[(i + 1) % polygon.size()];
    if ((a.y() > y) == (b.y() > y)) continue;
    out->push_back(a.x() + (y - a.y()) * (b.x() - a.x()) / (b.y() - a.y()));
  }
  std::sort(out->begin(), out->end());
}

void fill_hard(const std::vector<Point2>& polygon, Point2 origin, float inside, core::ImageF* mask) {
  std::fill(mask->data.begin(), mask->data.end(), 0.F);
  std::vector<float> cuts;
  const float limit = float(mask->width);
  for (int y = 0; y < mask->height; ++y) {
    crossings(polygon, origin.y() + float(y) + 0.5F, &cuts);
    for (std::size_t k = 0; k + 1 < cuts.size(); k += 2) {
      const int begin = int(std::ceil(std::clamp(cuts[k] - origin.x() - 0.5F, 0.F, limit)));
      const int end = int(std::ceil(std::clamp(cuts[k + 1] - origin.x() - 0.5F, 0.F, limit)));
      std::fill(mask->row(y) + begin, mask->row(y) + std::max(begin, end), inside);
    }
  }
}

// Lowers every pixel of the mask to its squared distance from the segment, visiting only those within
// `reach`. `a`, `b`: px of the mask.
void lower_to_distance(Point2 a, Point2 b, float reach, core::ImageF* mask) {
  const Point2 along = b - a;
  const float inverse = 1 / std::max(along.squaredNorm(), 1e-12F);
  const int top = int(std::clamp(std::floor(std::min(a.y(), b.y()) - reach), 0.F, float(mask->height)));
  const int bottom = int(std::clamp(std::ceil(std::max(a.y(), b.y()) + reach), 0.F, float(mask->height)));
  for (int y = top; y < bottom; ++y) {
    const float dy = float(y) + 0.5F - a.y();
    // The part of the segment within reach of this row bounds the columns.
    float from = 0, to = 1;
    if (std::abs(along.y()) > 1e-6F) {
      from = std::clamp((dy - reach) / along.y(), 0.F, 1.F);
      to = std::clamp((dy + reach) / along.y(), 0.F, 1.F);
    }
    const float x0 = a.x() + from * along.x(), x1 = a.x() + to * along.x();
    const int left = int(std::clamp(std::floor(std::min(x0, x1) - reach), 0.F, float(mask->width)));
    const int right = int(std::clamp(std::ceil(std::max(x0, x1) + reach), 0.F, float(mask->width)));
    float* row = mask->row(y);
    for (int x = left; x < right; ++x) {
      const float dx = float(x) + 0.5F - a.x();
      float t = (dx * along.x() + dy * along.y()) * inverse;
      t = t < 0 ? 0 : t;
      t = t > 1 ? 1 : t;
      const float u = dx - t * along.x(), v = dy - t * along.y(), squared = u * u + v * v;
      row[x] = row[x] < squared ? row[x] : squared;
    }
  }
}

}  // namespace

std::vector<Point2> mask_polygon(const mesh::Vertices& neutral, const mesh::Vertices& source,
                                 const mesh::Vertices& target) {
  const float cm = mesh::px_per_cm(neutral);
  Point2 middle(0, 0);
  for (int i = 48; i < 60; ++i) middle += at(neutral, i) / 12;
  const Point2 left_cheek = mix(at(neutral, 2), at(neutral, 31), 0.15F),
               right_cheek = mix(at(neutral, 14), at(neutral, 35), 0.15F);
  std::vector<Point2> points{left_cheek, right_cheek};
  for (const mesh::Vertices* v : {&neutral, &source, &target}) {
    for (int i = kFirstJaw; i <= kLastJaw; ++i)
      points.push_back(outwards(at(*v, i), middle, cm * kOutwards[std::size_t(i - kFirstJaw)]));
    for (int i = 48; i < 60; ++i) points.push_back(outwards(at(*v, i), middle, cm * kLipMargin));
  }
  for (const Point2& p : points)
    if (!p.allFinite()) return {};
  // The hull below the line from cheek to cheek, and the notch in place of the straight top. Every step of
  // this is continuous in the vertices, so that the mask does not jump.
  std::vector<Point2> polygon = below(convex_hull(std::move(points)), left_cheek, right_cheek);
  if (!polygon.empty()) add_notch(neutral, polygon.back(), polygon.front(), cm, &polygon);
  return polygon;
}

void fill_mask(const std::vector<Point2>& polygon, Point2 origin, float feather, core::ImageF* mask) {
  if (!(feather > 0)) return fill_hard(polygon, origin, 1, mask);
  // Squared distances first, cut off at the feather; then the step.
  fill_hard(polygon, origin, feather * feather, mask);
  for (std::size_t i = 0; i < polygon.size(); ++i)
    lower_to_distance(polygon[i] - origin, polygon[(i + 1) % polygon.size()] - origin, feather, mask);
  const float inverse = 1 / (feather * feather);
  for (float& value : mask->data) {
    const float t = std::min(1.F, std::sqrt(value * inverse));
    value = t * t * (3 - 2 * t);
  }
}

}  // namespace resyncer::generator
