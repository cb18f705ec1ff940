// Where a reference's pixels lie for every pixel of the target: through the mesh where it covers, else
// through the affine map that takes one mesh to the other best (private to generator).
#pragma once

#include "resyncer/generator/guidance.h"

namespace resyncer::generator {

class ReferenceWarp {
 public:
  ReferenceWarp(const mesh::FaceModel& model, const mesh::Raster& raster, const mesh::Vertices& target,
                const Reference& reference);

  // Position in the reference's image of the centre of the raster's pixel (x, y).
  core::Point2 operator()(int x, int y) const {
    const std::size_t i = std::size_t(y) * std::size_t(raster_.triangle.width) + std::size_t(x);
    const std::int32_t index = raster_.triangle.data[i];
    if (index < 0) return outside_ * core::Point2(float(x) + 0.5F, float(y) + 0.5F);
    const mesh::Triangle& t = model_.triangles[std::size_t(index)];
    const float w1 = raster_.barycentric.data[2 * i], w2 = raster_.barycentric.data[2 * i + 1];
    return (1 - w1 - w2) * point(t[0]) + w1 * point(t[1]) + w2 * point(t[2]);
  }
  // How far the reference can be trusted there: 1 on the skin; in the mouth as far as the reference's mouth
  // is open; little outside the mesh.
  float validity(int x, int y) const {
    const std::int32_t index = raster_.triangle.at(x, y);
    if (index < 0) return kOutside;
    return model_.regions[std::size_t(index)] == mesh::Region::mouth ? mouth_ : 1.F;
  }

 private:
  static constexpr float kOutside = 0.3F;
  core::Point2 point(int vertex) const { return {reference_.dense(vertex, 0), reference_.dense(vertex, 1)}; }

  const mesh::FaceModel& model_;
  const mesh::Raster& raster_;
  const Reference& reference_;
  core::Affine2 outside_;
  float mouth_ = 1;
};

}  // namespace resyncer::generator
