#include "resyncer/mesh/camera.h"

#include <algorithm>
#include <cmath>

namespace resyncer::mesh {

Vertices project(const Vertices& head_vertices, const Eigen::Isometry3f& camera_from_head,
                 const Camera& camera) {
  Vertices out(head_vertices.rows(), 3);
  const Eigen::Matrix3f rotation = camera_from_head.linear();
  const Eigen::Vector3f origin = camera_from_head.translation();
  const float px_per_cm = camera.focal_px / std::max(origin.z(), 1e-3F);
  for (Eigen::Index i = 0; i < head_vertices.rows(); ++i) {
    Eigen::Vector3f p = rotation * head_vertices.row(i).transpose() + origin;
    float scale = camera.focal_px / std::max(p.z(), 1e-3F);
    out.row(i) << camera.center_x + scale * p.x(), camera.center_y + scale * p.y(),
        (p.z() - origin.z()) * px_per_cm;
  }
  return out;
}

float px_per_cm(const Vertices& projected) {
  constexpr float kJawCm = 13.1F;
  return (projected.row(13) - projected.row(3)).norm() / kJawCm;
}

Eigen::Vector3f head_angles(const Eigen::Isometry3f& camera_from_head) {
  constexpr float kDegrees = 57.29578F;
  // Columns: where the head's left, up and forward point in the camera; a frontal head has forward = -z.
  Eigen::Vector3f forward = camera_from_head.linear().col(2), left = camera_from_head.linear().col(0);
  float yaw = std::atan2(forward.x(), -forward.z());
  float pitch = std::asin(std::clamp(-forward.y(), -1.F, 1.F));
  float roll = std::atan2(left.y(), std::hypot(left.x(), left.z()));
  return kDegrees * Eigen::Vector3f(pitch, yaw, roll);
}

}  // namespace resyncer::mesh
