#include "resyncer/generator/guidance.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "generator/reference_warp.h"

namespace resyncer::generator {

namespace {

constexpr int kMargin = 12;  // px of references round the mask, so that the network can compare colours there
constexpr int kFirstReferencePlane = 6;

// Bounding box of the mask with a margin.
core::Box extent(const core::ImageF& mask) {
  core::Box box{mask.width, mask.height, 0, 0};
  for (int y = 0; y < mask.height; ++y)
    for (int x = 0; x < mask.width; ++x)
      if (mask.at(x, y) > 0)
        box = {std::min(box.left, x), std::min(box.top, y), std::max(box.right, x + 1), y + 1};
  if (box.empty()) return {};
  return core::intersect(core::grow(box, kMargin), {0, 0, mask.width, mask.height});
}

void add_frame(const mesh::FaceModel& model, const GuidanceInput& input, const GuidanceScratch& scratch,
               Guidance* out) {
  const std::size_t pixels = out->planes.data.size() / kGuidancePlanes;
  for (std::size_t i = 0; i < pixels; ++i) {
    float* to = out->planes.data.data() + i * kGuidancePlanes;
    const float mask = input.mask->data[i], keep = (1 - mask) / 255.F;
    for (int c = 0; c < 3; ++c) to[c] = keep * float(input.crop->data[3 * i + std::size_t(c)]);
    const std::int32_t triangle = scratch.raster.triangle.data[i];
    to[3] = mask;
    to[4] = scratch.shading.data[i];
    to[5] = triangle >= 0 && model.regions[std::size_t(triangle)] == mesh::Region::mouth ? 1.F : 0.F;
  }
}

// Bilinear, edge repeated, [0, 1].
void sample(const core::ImageU8& image, core::Point2 p, float* rgb) {
  const float x = std::clamp(p.x() - 0.5F, 0.F, float(image.width - 1));
  const float y = std::clamp(p.y() - 0.5F, 0.F, float(image.height - 1));
  const int x0 = int(x), y0 = int(y);
  const float u = x - float(x0), v = y - float(y0);
  const int across = x0 + 1 < image.width ? 3 : 0;
  const std::uint8_t* upper = image.row(y0) + 3 * x0;
  const std::uint8_t* lower = y0 + 1 < image.height ? upper + 3 * image.width : upper;
  const float a = (1 - u) * (1 - v) / 255, b = u * (1 - v) / 255, c = (1 - u) * v / 255, d = u * v / 255;
  for (int k = 0; k < 3; ++k)
    rgb[k] = a * float(upper[k]) + b * float(upper[k + across]) + c * float(lower[k]) +
             d * float(lower[k + across]);
}

bool is_inside(const core::ImageU8& image, core::Point2 p) {
  return p.x() >= 0 && p.y() >= 0 && p.x() <= float(image.width) &&
         p.y() <= float(image.height);  // false for NaN
}

void add_reference(const mesh::FaceModel& model, const GuidanceInput& input, const mesh::Raster& raster,
                   const core::Box& box, int slot, Guidance* out) {
  const Reference& reference = *input.references[std::size_t(slot)];
  const ReferenceWarp warp(model, raster, *input.target, reference);
  const int plane = kFirstReferencePlane + 4 * slot;
  for (int y = box.top; y < box.bottom; ++y)
    for (int x = box.left; x < box.right; ++x) {
      const core::Point2 p = warp(x, y);
      if (!is_inside(reference.image, p)) continue;
      float* to = &out->planes.at(x, y, plane);
      sample(reference.image, p, to);
      to[3] = warp.validity(x, y);
    }
}

}  // namespace

core::Affine2 crop_from_frame(const mesh::Vertices& v, int side) {
  auto at = [&](int i) { return core::Point2(v(i, 0), v(i, 1)); };
  // Across: outer eye corners (8.92 cm apart in the mean face). Along: nose tip to chin. Both shrink when the
  // head turns, each in its own direction, so the larger tells the size.
  const core::Point2 eyes = at(45) - at(36);
  constexpr float kEyes = 8.92F, kNoseChin = 8.4F;
  const float px_per_cm = std::max({eyes.norm() / kEyes, (at(8) - at(30)).norm() / kNoseChin, 1e-3F});
  const float scale = float(side) / (kCropWidthCm * px_per_cm);
  const core::Point2 middle = 0.5F * (at(30) + at(8));
  core::Affine2 map = core::Affine2::Identity();
  map.translate(core::Point2(float(side) / 2, float(side) / 2))
      .scale(scale)
      .rotate(-std::atan2(eyes.y(), eyes.x()))
      .translate(-middle);
  return map;
}

mesh::Vertices transform(const mesh::Vertices& vertices, const core::Affine2& map) {
  mesh::Vertices out(vertices.rows(), 3);
  const float scale = std::sqrt(std::abs(map.linear().determinant()));
  for (Eigen::Index i = 0; i < vertices.rows(); ++i) {
    const core::Point2 p = map * core::Point2(vertices(i, 0), vertices(i, 1));
    out.row(i) << p.x(), p.y(), vertices(i, 2) * scale;
  }
  return out;
}

void build_guidance(const mesh::FaceModel& model, const GuidanceInput& input, GuidanceScratch* scratch,
                    Guidance* out) {
  const int side = input.crop->width;
  assert(input.references.size() == std::size_t(kReferences));
  if (out->side != side) {
    out->side = side;
    out->planes = core::ImageF(side, side, kGuidancePlanes);
  }
  std::fill(out->planes.data.begin(), out->planes.data.end(), 0.F);
  mesh::rasterize(model, *input.target, side, side, &scratch->raster);
  mesh::shade(model, *input.target, scratch->raster, &scratch->shading);
  add_frame(model, input, *scratch, out);
  const core::Box box = extent(*input.mask);
  for (int slot = 0; slot < kReferences; ++slot) add_reference(model, input, scratch->raster, box, slot, out);
}

}  // namespace resyncer::generator
