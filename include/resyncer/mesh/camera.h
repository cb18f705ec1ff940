// Pinhole camera with the principal point in the middle of the (upright) frame. Camera coordinates: x right,
// y down, z away from the camera, cm. A head that faces the camera has rotation diag(1, -1, -1).
#pragma once

#include <Eigen/Geometry>

#include "resyncer/mesh/face_model.h"

namespace resyncer::mesh {

struct Camera {
  float focal_px = 1000;
  float center_x = 0, center_y = 0;  // px
};

struct FaceParams {  // of one frame
  Eigen::VectorXf expression;
  Eigen::Isometry3f camera_from_head = Eigen::Isometry3f::Identity();
};

// Vertices in frame pixels (x, y) with z = depth relative to the head's origin, scaled to px (+ = away).
Vertices project(const Vertices& head_vertices, const Eigen::Isometry3f& camera_from_head,
                 const Camera& camera);

// Px that a centimetre of a face takes, by its jaw (landmarks 3 and 13 are 13.1 cm apart on the mean face):
// of projected control or dense vertices. The same however the head is turned.
float px_per_cm(const Vertices& projected);

// Rotation of the head against a frontal one, degrees: x = pitch (+ = chin up), y = yaw (+ = towards the
// viewer's right), z = roll (+ = clockwise for the viewer).
Eigen::Vector3f head_angles(const Eigen::Isometry3f& camera_from_head);

}  // namespace resyncer::mesh
