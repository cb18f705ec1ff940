#include "motion_loss.h"

#include <Eigen/Eigenvalues>
#include <cmath>

namespace resyncer::train {

namespace {
constexpr double kOpeningSpread =
    0.15;                       // usual deviation of the openness in speech: the unit of the opening term
constexpr double kShut = 0.06;  // openness below about this is a closure

constexpr double kMoves = 1e-4, kStill = 1e-5;  // variances of the openness
constexpr std::int64_t kFewest = 8;             // frames that a correlation needs

// Weight of a control vertex: lips most, then jaw and chin; the landmarks that hardly move in speech least.
double vertex_weight(Eigen::Index vertex) {
  if (vertex >= 48 && vertex < 68) return 4;
  if (vertex >= 4 && vertex <= 12) return 1.5;
  return 0.25;
}

torch::Tensor tensor_of(const Eigen::MatrixXd& m) {
  torch::Tensor out = torch::empty({m.rows(), m.cols()});
  for (Eigen::Index r = 0; r < m.rows(); ++r)
    for (Eigen::Index c = 0; c < m.cols(); ++c) out[r][c] = float(m(r, c));
  return out;
}
}  // namespace

// The loss on vertices is taken through the fixed linear basis: sum of w |B d|^2 = d' (B' W B) d, so a root
// of the small K x K matrix in the middle stands for all vertices.
MotionLoss::MotionLoss(const mesh::FaceModel& face, double closure_weight) : closure_weight_(closure_weight) {
  const Eigen::Index count = face.speech_count;
  Eigen::MatrixXd basis = face.expression.leftCols(count).cast<double>();
  Eigen::VectorXd weights(basis.rows());
  for (Eigen::Index i = 0; i < weights.size(); ++i) weights[i] = vertex_weight(i / 3);
  Eigen::MatrixXd gram = basis.transpose() * weights.asDiagonal() * basis;
  gram *= double(count) / gram.trace();
  gram += 0.02 * Eigen::MatrixXd::Identity(count, count);  // no coefficient is quite free
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(gram);
  root_ = tensor_of(solver.eigenvectors() * solver.eigenvalues().cwiseMax(0).cwiseSqrt().asDiagonal());

  Eigen::MatrixXd difference(count, 6), neutral(6, 1);
  for (Eigen::Index axis = 0; axis < 3; ++axis) {
    difference.col(axis) = (basis.row(3 * 62 + axis) - basis.row(3 * 66 + axis)).transpose();
    difference.col(3 + axis) = (basis.row(3 * 60 + axis) - basis.row(3 * 64 + axis)).transpose();
    neutral(axis, 0) = double(face.neutral(62, axis)) - double(face.neutral(66, axis));
    neutral(3 + axis, 0) = double(face.neutral(60, axis)) - double(face.neutral(64, axis));
  }
  basis_ = tensor_of(difference);
  neutral_ = tensor_of(neutral).flatten();
}

void MotionLoss::to(torch::Device device) {
  root_ = root_.to(device);
  basis_ = basis_.to(device);
  neutral_ = neutral_.to(device);
}

torch::Tensor MotionLoss::openness(const torch::Tensor& meshes) const {
  torch::Tensor d = torch::matmul(meshes, basis_) + neutral_;
  // As mesh::lip_openness, but without its floor at zero: lips that overlap are worse than lips that touch.
  return d.select(-1, 1) / d.slice(-1, 3, 6).square().sum(-1).add(1e-8).sqrt().clamp_min(0.1);
}

torch::Tensor MotionLoss::gradient() const {
  torch::Tensor mesh = torch::zeros({basis_.size(0)}, basis_.options()).requires_grad_();
  torch::AutoGradMode with_gradient(true);
  openness(mesh).backward();
  return mesh.grad();
}

float MotionLoss::at_rest() const {
  return openness(torch::zeros({basis_.size(0)}, basis_.options())).item<float>();
}

std::pair<torch::Tensor, torch::Tensor> MotionLoss::components(const torch::Tensor& displacements,
                                                               std::int64_t count) const {
  torch::NoGradGuard no_grad;
  torch::Tensor seen = torch::matmul(displacements, root_).to(torch::kFloat64);
  auto [values, vectors] = torch::linalg_eigh(torch::matmul(seen.t(), seen) / double(seen.size(0)));
  const std::int64_t first = values.size(0) - count;  // ascending
  torch::Tensor deviation = values.slice(0, first).clamp_min(1e-8).sqrt().flip(0);
  torch::Tensor direction = vectors.slice(1, first).flip(1), root = root_.to(torch::kFloat64);
  torch::Tensor basis = torch::matmul(torch::inverse(root.t()), direction) * deviation;
  torch::Tensor inverse = torch::matmul(root, direction / deviation).t();
  return {basis.to(torch::kFloat32), inverse.to(torch::kFloat32).contiguous()};
}

MotionLossTerms MotionLoss::operator()(const torch::Tensor& predicted, const torch::Tensor& target,
                                       const torch::Tensor& weight) const {
  const std::int64_t length = predicted.size(1);
  const double count = double(predicted.size(2));
  auto mean = [](const torch::Tensor& values, const torch::Tensor& w) {
    return (values * w).sum() / w.sum().clamp_min(1);
  };
  torch::Tensor error = torch::matmul(predicted - target, root_);
  MotionLossTerms terms;
  terms.vertex = mean(error.square().sum(-1) / count, weight);
  if (length > 1) {
    torch::Tensor change = error.slice(1, 1) - error.slice(1, 0, length - 1);
    terms.velocity =
        mean(change.square().sum(-1) / count, weight.slice(1, 1) * weight.slice(1, 0, length - 1));
  } else {
    terms.velocity = torch::zeros_like(terms.vertex);
  }
  torch::Tensor real = openness(target);
  torch::Tensor closure = 1 + closure_weight_ * torch::exp(-(real / kShut).square());
  torch::Tensor guess = openness(predicted);
  terms.opening = mean(((guess - real) / kOpeningSpread).square(), weight * closure);

  torch::Tensor frames = weight.sum(1, true);
  auto centred = [&](const torch::Tensor& v) {
    return (v - (v * weight).sum(1, true) / frames.clamp_min(1)) * weight;
  };
  auto moment = [&](const torch::Tensor& a, const torch::Tensor& b) {
    return (a * b).sum(1) / frames.squeeze(1).clamp_min(1);
  };
  torch::Tensor a = centred(guess), b = centred(real), aa = moment(a, a) + kStill, bb = moment(b, b);
  // Windows in which the real mouth hardly moves have nothing to follow.
  torch::Tensor moves = (bb > kMoves).logical_and(frames.squeeze(1) >= kFewest).to(torch::kFloat32);
  bb = bb + kStill;
  terms.follow = mean(1 - moment(a, b) / torch::sqrt(aa * bb), moves);
  terms.spread = mean((0.5 * torch::log(aa / bb)).square(), moves);
  return terms;
}

}  // namespace resyncer::train
