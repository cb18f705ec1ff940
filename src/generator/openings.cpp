#include <algorithm>
#include <cmath>
#include <vector>

#include "generator/reference_warp.h"
#include "resyncer/generator/whole_face.h"

namespace resyncer::generator {

namespace {

using core::Point2;

constexpr float kLidCm = 0.12F;  // soft edge inside the lids,
constexpr float kShutCm = 0.6F;  // from the lids' edges to the end of what is shut with them; its soft edge
constexpr float kLipCm = 0.32F;  // and inside the lips

// A ring of control vertices, rounded as the dense mesh is: Catmull and Rom's spline through them.
std::vector<Point2> ring(const mesh::Vertices& v, int first, int count, Point2 origin) {
  constexpr int kSteps = 4;
  std::vector<Point2> polygon;
  auto at = [&](int i) -> Point2 {
    return v.row(first + (i + count) % count).head<2>().transpose() - origin;
  };
  for (int i = 0; i < count; ++i) {
    const Point2 a = at(i - 1), b = at(i), c = at(i + 1), d = at(i + 2);
    for (int k = 0; k < kSteps; ++k) {
      const float t = float(k) / kSteps;
      polygon.push_back(0.5F * (2 * b + t * (c - a) + t * t * (2 * a - 5 * b + 4 * c - d) +
                                t * t * t * (3 * b - a - 3 * c + d)));
    }
  }
  return polygon;
}

std::vector<Point2> widened(std::vector<Point2> polygon, float by) {
  Point2 middle(0, 0);
  for (const Point2& p : polygon) middle += p / float(polygon.size());
  for (Point2& p : polygon) p += (p - middle).normalized() * by;
  return polygon;
}

core::ImageU8 to_bytes(const core::ImageF& rgb) {
  core::ImageU8 bytes(rgb.width, rgb.height, 3);
  for (std::size_t i = 0; i < rgb.data.size(); ++i)
    bytes.data[i] = std::uint8_t(std::lround(255 * std::clamp(rgb.data[i], 0.F, 1.F)));
  return bytes;
}

}  // namespace

void keep_openings(const mesh::FaceModel& model, const OwnFace& own, const mesh::Vertices& painted,
                   float mouth, float px_per_cm, GuidanceScratch* scratch, core::Patch* patch) {
  const Point2 origin(float(patch->roi.left), float(patch->roi.top));
  Reference frame{to_bytes(*own.rgb), *own.dense};
  frame.dense.leftCols<2>().rowwise() -= origin.transpose();
  mesh::Vertices target = painted;
  target.leftCols<2>().rowwise() -= origin.transpose();
  const ReferenceWarp warp(model, scratch->raster, target, frame);
  const int width = patch->rgb.width, height = patch->rgb.height;
  core::ImageF share(width, height, 1), part(width, height, 1);
  auto add = [&](const std::vector<Point2>& polygon, float feather, float weight) {
    if (weight <= 0) return;
    fill_mask(polygon, Point2(0, 0), feather * px_per_cm, &part);
    for (std::size_t i = 0; i < part.data.size(); ++i)
      share.data[i] = std::max(share.data[i], weight * part.data[i]);
  };
  for (std::size_t eye = 0; eye < own.shut.size(); ++eye) {
    const std::vector<Point2> lids = ring(target, 36 + 6 * int(eye), 6, Point2(0, 0));
    add(lids, kLidCm, 1);
    add(widened(lids, kShutCm * px_per_cm), kShutCm, own.shut[eye]);
  }
  add(ring(target, 60, 8, Point2(0, 0)), kLipCm, mouth);
  scratch->positions.resize(2 * std::size_t(width));
  for (int y = 0; y < height; ++y) {
    const float* s = share.row(y);
    if (std::none_of(s, s + width, [](float v) { return v > 0; })) continue;
    warp.locate(y, 0, width, scratch->positions.data());
    float* rgb = patch->rgb.row(y);
    for (int x = 0; x < width; ++x) {
      if (s[x] <= 0) continue;
      const Float4 colour =
          warp.colour(scratch->positions[2 * std::size_t(x)], scratch->positions[2 * std::size_t(x) + 1]);
      for (int c = 0; c < 3; ++c) rgb[3 * x + c] += s[x] * (colour[c] - rgb[3 * x + c]);
    }
  }
}

}  // namespace resyncer::generator
