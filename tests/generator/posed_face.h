// The project's own mean face in a known pose, and pictures to paint on it.
#pragma once

#include <Eigen/Dense>
#include <cmath>
#include <random>
#include <string>

#include "resyncer/generator/guidance.h"

namespace resyncer::generator {

inline const mesh::FaceModel& face_model() {
  static const mesh::FaceModel model =
      mesh::load_face_model(std::string(RESYNCER_SOURCE_DIR) + "/models/face-model.safetensors");
  return model;
}

struct Pose {
  float yaw = 0, pitch = 0, roll = 0;  // degrees
  float px_per_cm = 15;
  core::Point2 middle{150, 150};  // of the head's origin, px
  float open = 0;                 // of the widest mouth
};

// Control vertices, px.
inline mesh::Vertices pose_face(const Pose& pose) {
  const mesh::FaceModel& model = face_model();
  constexpr float kRadians = 0.01745329F, kDistance = 80;
  Eigen::Isometry3f camera_from_head = Eigen::Isometry3f::Identity();
  const Eigen::Matrix3f turned = (Eigen::AngleAxisf(pose.roll * kRadians, Eigen::Vector3f::UnitZ()) *
                                  Eigen::AngleAxisf(pose.pitch * kRadians, Eigen::Vector3f::UnitX()) *
                                  Eigen::AngleAxisf(pose.yaw * kRadians, Eigen::Vector3f::UnitY()))
                                     .toRotationMatrix();
  camera_from_head.linear() = turned * Eigen::Vector3f(1, -1, -1).asDiagonal();
  camera_from_head.translation() = Eigen::Vector3f(0, 0, kDistance);
  const mesh::Camera camera{kDistance * pose.px_per_cm, pose.middle.x(), pose.middle.y()};
  const Eigen::VectorXf expression = pose.open * model.wide_open;
  return mesh::project(
      mesh::control_vertices(model, Eigen::VectorXf::Zero(model.identity_count()), expression),
      camera_from_head, camera);
}

inline mesh::Vertices dense_face(const Pose& pose) {
  return mesh::dense_vertices(face_model(), pose_face(pose));
}

// Bands of colour, `period` px wide, that sampling reproduces well.
inline core::ImageU8 smooth_picture(int width, int height, float period) {
  core::ImageU8 image(width, height, 3);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c) {
        const float phase = (float(x) * (c == 1 ? -0.6F : 0.8F) + float(y) * (c == 2 ? 0.3F : 0.7F)) / period;
        image.at(x, y, c) = std::uint8_t(std::lround(128 + 90 * std::sin(6.2831853F * phase)));
      }
  return image;
}

// Of a frame whose mouth was open by `pose.open` and is to be open by `target_open`.
inline std::vector<core::Point2> mask_of(const Pose& pose, float target_open = 0) {
  Pose shut = pose, target = pose;
  shut.open = 0;
  target.open = target_open;
  return mask_polygon(pose_face(shut), pose_face(pose), pose_face(target));
}

inline bool is_inside(const std::vector<core::Point2>& polygon, core::Point2 p) {
  bool inside = false;
  for (std::size_t i = 0, j = polygon.size() - 1; i < polygon.size(); j = i++)
    if ((polygon[i].y() > p.y()) != (polygon[j].y() > p.y()) &&
        p.x() < polygon[i].x() + (p.y() - polygon[i].y()) * (polygon[j].x() - polygon[i].x()) /
                                     (polygon[j].y() - polygon[i].y()))
      inside = !inside;
  return inside;
}

}  // namespace resyncer::generator
