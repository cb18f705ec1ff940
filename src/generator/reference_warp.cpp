#include "generator/reference_warp.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

namespace resyncer::generator {

namespace {

constexpr float kOutside = 0.3F;  // validity where the mesh does not cover
constexpr float kLeast = 0.1F;    // and of what the reference hardly shows

// Area of the opening between the inner lips, px.
float mouth_area(const mesh::Vertices& v) {
  float area = 0;
  for (int i = 60; i < 68; ++i) {
    const int j = i == 67 ? 60 : i + 1;
    area += v(i, 0) * v(j, 1) - v(j, 0) * v(i, 1);
  }
  return std::abs(area) / 2;
}

// Least squares over the vertices.
core::Affine2 best_affine(const mesh::Vertices& from, const mesh::Vertices& to) {
  const Eigen::RowVector2f middle_from = from.leftCols<2>().colwise().mean(),
                           middle_to = to.leftCols<2>().colwise().mean();
  Eigen::Matrix2f spread = Eigen::Matrix2f::Identity() * 1e-3F, cross = Eigen::Matrix2f::Zero();
  for (Eigen::Index i = 0; i < from.rows(); ++i) {
    const Eigen::RowVector2f a = from.row(i).head<2>() - middle_from, b = to.row(i).head<2>() - middle_to;
    spread += a.transpose() * a;
    cross += b.transpose() * a;
  }
  core::Affine2 map;
  map.linear() = cross * spread.inverse();
  map.translation() = middle_to.transpose() - map.linear() * middle_from.transpose();
  return map;
}

// Twice the signed area of a triangle, px^2.
float signed_area(const mesh::Vertices& v, const mesh::Triangle& t) {
  return (v(t[1], 0) - v(t[0], 0)) * (v(t[2], 1) - v(t[0], 1)) -
         (v(t[2], 0) - v(t[0], 0)) * (v(t[1], 1) - v(t[0], 1));
}

}  // namespace

ReferenceWarp::ReferenceWarp(const mesh::FaceModel& model, const mesh::Raster& raster,
                             const mesh::Vertices& target, const Reference& reference)
    : model_(model),
      raster_(raster),
      target_(target),
      reference_(reference),
      outside_(best_affine(target, reference.dense)) {
  area_scale_ = std::abs(outside_.linear().determinant());
  const float wanted = mouth_area(target) * area_scale_;
  if (wanted > 0) mouth_ = std::clamp(mouth_area(reference.dense) / wanted, kLeast, 1.F);
  const float shrink = std::sqrt(area_scale_);
  kernel_ = kernel_for(shrink);
  if (shrink > 3) grid_ = int(std::ceil(std::min(shrink, 16.F) / 2));
}

float ReferenceWarp::trust(std::int32_t triangle) const {
  const auto i = std::size_t(triangle);
  switch (model_.regions[i]) {
    case mesh::Region::mouth:
      return mouth_;
    case mesh::Region::lips:  // small and ever moving: their areas say little
      return 1;
    default: {
      const mesh::Triangle& t = model_.triangles[i];
      const float wanted = signed_area(target_, t) * area_scale_, seen = signed_area(reference_.dense, t);
      return wanted < 0 ? std::clamp(2 * seen / wanted, kLeast, 1.F) : kLeast;
    }
  }
}

void ReferenceWarp::locate(int y, int begin, int end, float* positions) const {
  const std::int32_t* owner = raster_.triangle.row(y);
  const float* weights = raster_.barycentric.row(y);
  const core::Point2 step = outside_.linear().col(0), start = outside_ * core::Point2(0.5F, float(y) + 0.5F);
  const mesh::Vertices& from = reference_.dense;
  std::int32_t last = -1;  // neighbours mostly share their triangle
  float x0 = 0, y0 = 0, x1 = 0, y1 = 0, x2 = 0, y2 = 0;
  for (int x = begin; x < end; ++x, positions += 2) {
    if (owner[x] < 0) {
      positions[0] = start.x() + float(x) * step.x();
      positions[1] = start.y() + float(x) * step.y();
      continue;
    }
    if (owner[x] != last) {
      last = owner[x];
      const mesh::Triangle& t = model_.triangles[std::size_t(last)];
      x0 = from(t[0], 0), y0 = from(t[0], 1);
      x1 = from(t[1], 0) - x0, y1 = from(t[1], 1) - y0;
      x2 = from(t[2], 0) - x0, y2 = from(t[2], 1) - y0;
    }
    const float w1 = weights[2 * x], w2 = weights[2 * x + 1];
    positions[0] = x0 + w1 * x1 + w2 * x2;
    positions[1] = y0 + w1 * y1 + w2 * y2;
  }
}

void ReferenceWarp::judge(int y, int begin, int end, const float* positions, float* validity) const {
  const std::int32_t* owner = raster_.triangle.row(y);
  const float width = float(reference_.image.width), height = float(reference_.image.height);
  std::int32_t last = -1;
  float trusted = kOutside;
  for (int x = begin; x < end; ++x, positions += 2) {
    if (owner[x] != last) {
      last = owner[x];
      trusted = last < 0 ? kOutside : trust(last);
    }
    const bool inside =
        positions[0] >= 0 && positions[0] <= width && positions[1] >= 0 && positions[1] <= height;
    *validity++ = inside ? trusted : 0;  // NaN is not inside
  }
}

Float4 ReferenceWarp::average(float x, float y) const {
  Float4 sum = splat(0);
  for (int j = 0; j < grid_; ++j)
    for (int i = 0; i < grid_; ++i) {
      const core::Point2 part((float(i) + 0.5F) / float(grid_) - 0.5F,
                              (float(j) + 0.5F) / float(grid_) - 0.5F);
      const core::Point2 moved = outside_.linear() * part;
      sum += sample(reference_.image, kernel_, x + moved.x(), y + moved.y());
    }
  return sum / float(grid_ * grid_);
}

}  // namespace resyncer::generator
