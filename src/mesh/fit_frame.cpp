#include "mesh/fit_frame.h"

#include <algorithm>
#include <cmath>

namespace resyncer::mesh {

namespace {

constexpr int kJaw = 17;  // landmarks 0..16
constexpr int kInitialSteps = 12;
constexpr double kYawUnit = 0.35;  // radians of yaw that double the jaw line's sigma

Eigen::Matrix3d cross_matrix(const Eigen::Vector3d& v) {
  Eigen::Matrix3d m;
  m << 0, -v.z(), v.y(), v.z(), 0, -v.x(), -v.y(), v.x(), 0;
  return m;
}

// The far cheek's outline is where the view touches the face, not where the landmark lies.
double slide(const FrameState& state, int landmark) {
  if (landmark >= kJaw || landmark == 8) return 1;
  double yaw = std::atan2(state.rotation(0, 2), -state.rotation(2, 2));
  bool is_far = (yaw > 0) == (landmark > 8);
  return is_far ? 1 + std::abs(yaw) / kYawUnit : 1;
}

}  // namespace

Observation observe(const core::FaceObservation& face, const Camera& camera, const FitOptions& options) {
  Observation out;
  out.inter_ocular = std::max(1.F, core::inter_ocular_distance(face.landmarks));
  for (int i = 0; i < core::kLandmarks; ++i) {
    out.points.col(i) << face.landmarks[std::size_t(i)].x() - camera.center_x,
        face.landmarks[std::size_t(i)].y() - camera.center_y;
    out.sigma[i] = out.inter_ocular * double(i < kJaw ? options.jaw_sigma : options.landmark_sigma);
  }
  return out;
}

void linearise(const LandmarkModel& model, const Eigen::VectorXd& identity_shape, double focal,
               const FrameState& state, const Observation& observed, double robust_scale, Unknowns unknowns,
               Linearisation* out) {
  constexpr int rows = 2 * core::kLandmarks;
  out->residual.resize(rows);
  out->pose.resize(rows, kPoseSize);
  bool with_expression = unknowns != Unknowns::pose, with_shared = unknowns == Unknowns::shared;
  if (with_expression) out->expression.resize(rows, model.expression.cols());
  if (with_shared) {
    out->identity.resize(rows, model.identity.cols());
    out->log_focal.resize(rows);
  }
  Eigen::VectorXd shape = identity_shape + model.expression * state.expression;
  for (int i = 0; i < core::kLandmarks; ++i) {
    Eigen::Vector3d turned = state.rotation * shape.segment<3>(3 * i), p = turned + state.translation;
    double z = std::max(p.z(), 1.0);
    Eigen::Vector2d projected = focal / z * p.head<2>();
    Eigen::Vector2d difference = projected - observed.points.col(i);
    double sigma = observed.sigma[i] * slide(state, i);
    double size = difference.norm() / sigma;
    double weight = (size > robust_scale ? std::sqrt(robust_scale / size) : 1.0) / sigma;
    Eigen::Matrix<double, 2, 3> by_point;
    by_point << focal / z, 0, -projected.x() / z, 0, focal / z, -projected.y() / z;
    by_point *= weight;
    out->residual.segment<2>(2 * i) = weight * difference;
    out->pose.block<2, 3>(2 * i, 0) = -by_point * cross_matrix(turned);
    out->pose.block<2, 3>(2 * i, 3) = by_point;
    if (!with_expression) continue;
    Eigen::Matrix<double, 2, 3> by_shape = by_point * state.rotation;
    out->expression.middleRows<2>(2 * i).noalias() = by_shape * model.expression.middleRows<3>(3 * i);
    if (!with_shared) continue;
    out->identity.middleRows<2>(2 * i).noalias() = by_shape * model.identity.middleRows<3>(3 * i);
    out->log_focal.segment<2>(2 * i) = weight * projected;
  }
}

double mean_distance(const LandmarkModel& model, const Eigen::VectorXd& identity_shape, double focal,
                     const FrameState& state, const Observation& observed) {
  Eigen::VectorXd shape = identity_shape + model.expression * state.expression;
  double sum = 0;
  for (int i = 0; i < core::kLandmarks; ++i) {
    Eigen::Vector3d p = state.rotation * shape.segment<3>(3 * i) + state.translation;
    sum += (focal / std::max(p.z(), 1.0) * p.head<2>() - observed.points.col(i)).norm();
  }
  return sum / core::kLandmarks;
}

void move(const Eigen::Ref<const Eigen::VectorXd>& step, FrameState* state) {
  Eigen::Vector3d turn = step.head<3>();
  double angle = std::min(turn.norm(), 0.5);
  if (angle > 1e-12) state->rotation = Eigen::AngleAxisd(angle, turn.normalized()) * state->rotation;
  state->translation += step.segment<3>(3);
  state->translation.z() = std::max(state->translation.z(), 5.0);
  if (step.size() > kPoseSize) state->expression += step.tail(step.size() - kPoseSize);
}

FrameState initial_state(const LandmarkModel& model, const Eigen::VectorXd& identity_shape, double focal,
                         const Observation& observed, double robust_scale) {
  // Similarity between the frontal projection (x, -y) and the observation, as complex numbers: observed = a *
  // model + b.
  Eigen::Matrix<double, 2, core::kLandmarks> frontal;
  for (int i = 0; i < core::kLandmarks; ++i)
    frontal.col(i) << identity_shape[3 * i], -identity_shape[3 * i + 1];
  Eigen::Vector2d from = frontal.rowwise().mean(), to = observed.points.rowwise().mean();
  double along = 0, across = 0, norm = 0;
  for (int i = 0; i < core::kLandmarks; ++i) {
    Eigen::Vector2d m = frontal.col(i) - from, o = observed.points.col(i) - to;
    along += m.dot(o);
    across += m.x() * o.y() - m.y() * o.x();
    norm += m.squaredNorm();
  }
  double scale = std::max(std::hypot(along, across) / norm, 1e-6), roll = std::atan2(across, along);
  FrameState state;
  state.expression = Eigen::VectorXd::Zero(model.expression.cols());
  state.rotation = Eigen::AngleAxisd(roll, Eigen::Vector3d::UnitZ()) *
                   Eigen::Vector3d(1, -1, -1).asDiagonal().toDenseMatrix();
  double depth = focal / scale;
  Eigen::Vector3d middle = Eigen::Vector3d::Zero();
  for (int i = 0; i < core::kLandmarks; ++i) middle += identity_shape.segment<3>(3 * i) / core::kLandmarks;
  Eigen::Vector3d turned = state.rotation * middle;
  state.translation << to.x() / scale - turned.x(), to.y() / scale - turned.y(), depth - turned.z();

  Linearisation lin;
  for (int step = 0; step < kInitialSteps; ++step) {
    linearise(model, identity_shape, focal, state, observed, 2 * robust_scale, Unknowns::pose, &lin);
    Eigen::Matrix<double, kPoseSize, kPoseSize> h = lin.pose.transpose() * lin.pose;
    h.diagonal() *= 1 + (step < 4 ? 0.1 : 1e-3);
    h.diagonal().array() += 1e-9;
    move(-h.ldlt().solve(lin.pose.transpose() * lin.residual), &state);
  }
  return state;
}

}  // namespace resyncer::mesh
