// One frame of the fit: residuals of the projected landmarks and their derivatives (private to mesh).
#pragma once

#include <Eigen/Dense>

#include "resyncer/core/face.h"
#include "resyncer/mesh/fit.h"

namespace resyncer::mesh {

constexpr int kPoseSize = 6;  // rotation vector (left-multiplied, radians), translation (cm)

struct FrameState {
  Eigen::VectorXd expression;
  Eigen::Matrix3d rotation = Eigen::Vector3d(1, -1, -1).asDiagonal();
  Eigen::Vector3d translation = Eigen::Vector3d(0, 0, 100);
};

// The model's landmarks in double precision.
struct LandmarkModel {
  Eigen::VectorXd neutral;     // 204
  Eigen::MatrixXd identity;    // 204 x K_id
  Eigen::MatrixXd expression;  // 204 x K_exp
  int speech_count = 0;
};

struct Observation {
  Eigen::Matrix<double, 2, core::kLandmarks> points;  // px, relative to the principal point
  Eigen::Matrix<double, core::kLandmarks, 1> sigma;   // px
  double inter_ocular = 1;                            // px
};

Observation observe(const core::FaceObservation& face, const Camera& camera, const FitOptions& options);

// Residuals in sigmas (136), robustly weighted, and their derivatives. Matrices that are null are not made.
struct Linearisation {
  Eigen::VectorXd residual;
  Eigen::Matrix<double, Eigen::Dynamic, kPoseSize> pose;
  Eigen::MatrixXd expression, identity;
  Eigen::VectorXd log_focal;
};
enum class Unknowns {
  pose,
  frame,
  shared
};  // pose; pose and expression; these with identity and focal length
void linearise(const LandmarkModel& model, const Eigen::VectorXd& identity_shape, double focal,
               const FrameState& state, const Observation& observed, double robust_scale, Unknowns unknowns,
               Linearisation* out);

// Mean distance of projected and observed landmarks, px.
double mean_distance(const LandmarkModel& model, const Eigen::VectorXd& identity_shape, double focal,
                     const FrameState& state, const Observation& observed);

// Pose of the neutral face in closed form (similarity of the frontal projection), then refined.
FrameState initial_state(const LandmarkModel& model, const Eigen::VectorXd& identity_shape, double focal,
                         const Observation& observed, double robust_scale);

void move(const Eigen::Ref<const Eigen::VectorXd>& step,
          FrameState* state);  // pose, then expression if longer

}  // namespace resyncer::mesh
