// Faces whose pose, camera and 3D shape are known, seen by a noisy tracker: the ground truth of the fitting
// tests.
#pragma once

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <random>

#include "resyncer/core/face.h"
#include "resyncer/mesh/camera.h"
#include "resyncer/mesh/fit.h"

namespace resyncer::mesh {

using Points68 = Eigen::Matrix<float, core::kLandmarks, 3, Eigen::RowMajor>;  // head coordinates, cm

constexpr int kFrameWidth = 640, kFrameHeight = 480;
constexpr float kFaceWidthPx = 200;  // between landmarks 0 and 16, if they were seen from the front
constexpr float kFaceWidthCm = 14.7F;

struct KnownFace {
  Points68 landmarks;
  Camera camera;
  Eigen::Isometry3f camera_from_head = Eigen::Isometry3f::Identity();
  core::FaceObservation observed;
};

inline Eigen::Isometry3f pose_of(float yaw_degrees, float pitch_degrees, float roll_degrees,
                                 const Eigen::Vector3f& translation) {
  constexpr float kRadians = 0.01745329F;
  Eigen::Isometry3f pose = Eigen::Isometry3f::Identity();
  pose.linear() = (Eigen::AngleAxisf(-yaw_degrees * kRadians, Eigen::Vector3f::UnitY()) *
                   Eigen::AngleAxisf(-pitch_degrees * kRadians, Eigen::Vector3f::UnitX()) *
                   Eigen::AngleAxisf(roll_degrees * kRadians, Eigen::Vector3f::UnitZ()))
                      .toRotationMatrix() *
                  Eigen::Vector3f(1, -1, -1).asDiagonal();
  pose.translation() = translation;
  return pose;
}

inline core::FaceObservation observe_face(const Points68& landmarks, const Eigen::Isometry3f& pose,
                                          const Camera& camera, float noise_px, std::mt19937* random) {
  std::normal_distribution<float> normal;
  Vertices seen = project(landmarks, pose, camera);
  core::FaceObservation face;
  face.score = 1;
  for (int i = 0; i < core::kLandmarks; ++i)
    face.landmarks[std::size_t(i)] =
        core::Point2(seen(i, 0) + noise_px * normal(*random), seen(i, 1) + noise_px * normal(*random));
  return face;
}

// Yaw +-30, pitch +-20, roll +-10 degrees, a focal length that the fit is not told, 0.5 px noise.
inline KnownFace see(const Points68& landmarks, std::mt19937* random) {
  auto uniform = [&](float low, float high) {
    return std::uniform_real_distribution<float>(low, high)(*random);
  };
  KnownFace face;
  face.landmarks = landmarks;
  face.camera = {uniform(1.2F, 2.F) * float(kFrameWidth), kFrameWidth / 2.F, kFrameHeight / 2.F};
  float depth = face.camera.focal_px * kFaceWidthCm / kFaceWidthPx;
  float yaw = uniform(-30, 30), pitch = uniform(-20, 20), roll = uniform(-10, 10);
  face.camera_from_head = pose_of(yaw, pitch, roll, {uniform(-5, 5), uniform(-3, 3), depth});
  face.observed = observe_face(landmarks, face.camera_from_head, face.camera, 0.5F, random);
  return face;
}

struct FaceError {
  float shape = 0;     // mean 3D landmark error after similarity alignment, inter-ocular distances
  float rotation = 0;  // degrees
};

inline FaceError error_of(const FaceModel& model, const TrackFit& fit, const FaceParams& params,
                          const KnownFace& truth) {
  Vertices control = control_vertices(model, fit.identity, params.expression);
  Eigen::MatrixXd fitted = control.topRows(core::kLandmarks).transpose().cast<double>();
  Eigen::MatrixXd wanted = truth.landmarks.transpose().cast<double>();
  Eigen::MatrixXd aligned_from_fitted = Eigen::umeyama(fitted, wanted, true);
  Eigen::MatrixXd aligned = aligned_from_fitted.topRows(3) * fitted.colwise().homogeneous();
  FaceError error;
  error.shape = float((aligned - wanted).colwise().norm().mean() / (wanted.col(36) - wanted.col(45)).norm());
  Eigen::Matrix3f turn = params.camera_from_head.linear() * truth.camera_from_head.linear().transpose();
  error.rotation = 57.29578F * std::acos(std::clamp((turn.trace() - 1) / 2, -1.F, 1.F));
  return error;
}

inline Points68 landmarks_of(const FaceModel& model, const Eigen::VectorXf& identity,
                             const Eigen::VectorXf& expression) {
  return control_vertices(model, identity, expression).topRows<core::kLandmarks>();
}

inline Eigen::VectorXf random_coefficients(int count, float sigma, std::mt19937* random) {
  std::normal_distribution<float> normal(0, sigma);
  return Eigen::VectorXf::NullaryExpr(count, [&]() { return normal(*random); });
}

}  // namespace resyncer::mesh
