#include "generator/reference_warp.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

namespace resyncer::generator {

namespace {

// Area of the opening between the inner lips, px.
float mouth_area(const mesh::Vertices& v) {
  float area = 0;
  for (int i = 60; i < 68; ++i) {
    const int j = i == 67 ? 60 : i + 1;
    area += v(i, 0) * v(j, 1) - v(j, 0) * v(i, 1);
  }
  return std::abs(area) / 2;
}

core::Affine2 best_affine(const mesh::Vertices& from, const mesh::Vertices& to) {
  const Eigen::RowVector2f middle_from = from.leftCols<2>().colwise().mean(),
                           middle_to = to.leftCols<2>().colwise().mean();
  const Eigen::MatrixXf a = from.leftCols<2>().rowwise() - middle_from,
                        b = to.leftCols<2>().rowwise() - middle_to;
  Eigen::Matrix2f covariance = a.transpose() * a;
  covariance.diagonal().array() += 1e-3F;
  const Eigen::Matrix2f linear = (covariance.inverse() * (a.transpose() * b)).transpose();
  core::Affine2 map;
  map.linear() = linear;
  map.translation() = middle_to.transpose() - linear * middle_from.transpose();
  return map;
}

}  // namespace

ReferenceWarp::ReferenceWarp(const mesh::FaceModel& model, const mesh::Raster& raster,
                             const mesh::Vertices& target, const Reference& reference)
    : model_(model), raster_(raster), reference_(reference), outside_(best_affine(target, reference.dense)) {
  const float scale = std::abs(outside_.linear().determinant());
  const float wanted = mouth_area(target) * scale;
  if (wanted > 0) mouth_ = std::clamp(mouth_area(reference.dense) / wanted, 0.1F, 1.F);
}

}  // namespace resyncer::generator
