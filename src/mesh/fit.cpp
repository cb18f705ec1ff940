#include "resyncer/mesh/fit.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "mesh/fit_frame.h"
#include "resyncer/core/error.h"

namespace resyncer::mesh {

namespace {

constexpr double kFocalPrior = 1.5,
                 kFocalSpread = 0.3;  // of the larger image side; deviation of the logarithm
constexpr int kSharedSteps = 12;
constexpr double kLeastDamping = 1e-4;
constexpr double kSameShape = 1e-8;  // squared, inter-ocular distances: a frame that shows nothing new
constexpr int kSweeps = 6;           // over the frames of a shot, to and fro, after the frame-wise fit

// The temporal prior acts on the distance of a frame from the mean of its neighbours. It is a Cauchy prior:
// firm while that distance is below `scale`, where it is the tracker's noise, and loose beyond, so that a
// closing mouth is not washed out.
struct TemporalPrior {
  double sigma, scale;
  double weight(double distance) const {
    double ratio = distance / scale;
    return 1 / (sigma * sigma * (1 + ratio * ratio));
  }
};
constexpr int kSpeechLandmarks = 20, kUpperLandmarks = 22;
constexpr TemporalPrior kTurn{0.008, 0.008}, kShift{0.03, 0.03}, kDepth{0.4, 0.4};  // radians, cm, cm
// cm, root mean square over the landmarks that an expression moves
constexpr TemporalPrior kLandmark{0.12, 0.02};

LandmarkModel landmarks_of(const FaceModel& model) {
  constexpr int rows = 3 * core::kLandmarks;
  LandmarkModel out;
  out.neutral = Eigen::Map<const Eigen::VectorXf>(model.neutral.data(), rows).cast<double>();
  out.identity = model.identity.topRows(rows).cast<double>();
  out.expression = model.expression.topRows(rows).cast<double>();
  out.speech_count = model.speech_count;
  return out;
}

// Of residuals that are weighted as linearise() does.
double huber_cost(const Eigen::VectorXd& residual, double scale) {
  double cost = 0;
  for (Eigen::Index i = 0; i < residual.size(); i += 2) {
    double square = residual.segment<2>(i).squaredNorm();
    cost += square > scale * scale ? 2 * square - scale * scale : square;
  }
  return cost;
}

struct Frame {
  std::size_t shot = 0, index = 0;
  Observation observed;
  FrameState state;
};

class TrackFitter {
 public:
  TrackFitter(const FaceModel& model, const std::vector<ShotInput>& shots, int width, int height,
              const FitOptions& options)
      : model_(landmarks_of(model)), options_(options) {
    camera_.center_x = float(width) / 2;
    camera_.center_y = float(height) / 2;
    prior_focal_ = options.focal_px ? double(*options.focal_px) : kFocalPrior * std::max(width, height);
    focal_ = prior_focal_;
    identity_ = Eigen::VectorXd::Zero(model_.identity.cols());
    expression_gram_ = model_.expression.transpose() * model_.expression;
    for (std::size_t s = 0; s < shots.size(); ++s)
      for (std::size_t i = 0; i < shots[s].frames.size(); ++i)
        if (shots[s].frames[i]) frames_.push_back({s, i, observe(*shots[s].frames[i], camera_, options), {}});
    if (frames_.empty())
      throw core::Error(core::ErrorKind::face, "no frame shows a face", "",
                        "choose footage with a visible face");
  }

  TrackFit run(const std::vector<ShotInput>& shots) {
    fit_shared();
    fit_frames();
    TrackFit fit;
    fit.identity = identity_.cast<float>();
    fit.camera = camera_;
    fit.camera.focal_px = float(focal_);
    for (const auto& shot : shots) fit.shots.emplace_back(shot.frames.size());
    double error = 0;
    for (const Frame& frame : frames_) {
      FaceParams params;
      params.expression = frame.state.expression.cast<float>();
      params.camera_from_head.linear() = frame.state.rotation.cast<float>();
      params.camera_from_head.translation() = frame.state.translation.cast<float>();
      fit.shots[frame.shot][frame.index] = params;
      error +=
          mean_distance(model_, shape_, focal_, frame.state, frame.observed) / frame.observed.inter_ocular;
    }
    fit.reprojection_error = float(error / double(frames_.size()));
    return fit;
  }

 private:
  void update_shape() { shape_ = model_.neutral + model_.identity * identity_; }

  // Frames that differ in pose and mouth, so that identity is told from both: farthest-point choice over
  // landmark shapes.
  std::vector<std::size_t> key_frames() const {
    std::vector<std::size_t> candidates, chosen;
    std::size_t step = std::max<std::size_t>(1, frames_.size() / 2000);
    for (std::size_t i = 0; i < frames_.size(); i += step) candidates.push_back(i);
    auto shape = [&](std::size_t i) {
      Eigen::Matrix<double, 2, core::kLandmarks> p = frames_[i].observed.points;
      p.colwise() -= Eigen::Vector2d(p.rowwise().mean());
      return Eigen::Matrix<double, 2, core::kLandmarks>(p / frames_[i].observed.inter_ocular);
    };
    std::vector<double> distance(candidates.size(), 1e30);
    std::size_t next = candidates.size() / 2;
    auto wanted = std::min(candidates.size(), std::size_t(std::max(1, options_.key_frames)));
    while (chosen.size() < wanted) {
      chosen.push_back(candidates[next]);
      auto latest = shape(candidates[next]);
      for (std::size_t k = 0; k < candidates.size(); ++k)
        distance[k] = std::min(distance[k], (shape(candidates[k]) - latest).squaredNorm());
      next = std::size_t(std::max_element(distance.begin(), distance.end()) - distance.begin());
      if (distance[next] < kSameShape) break;  // a still picture: no frame may be chosen twice
    }
    return chosen;
  }

  // Identity, focal length and the key frames' own unknowns together (Levenberg-Marquardt).
  void fit_shared() {
    update_shape();
    std::vector<std::size_t> keys = key_frames();
    std::vector<FrameState> states(keys.size());
    for (std::size_t k = 0; k < keys.size(); ++k)
      states[k] = frames_[keys[k]].state =
          initial_state(model_, shape_, focal_, frames_[keys[k]].observed, options_.robust_scale);
    Eigen::VectorXd identity = identity_;
    double focal = focal_, damping = kLeastDamping, least = std::numeric_limits<double>::infinity();
    for (int step = 0; step <= kSharedSteps; ++step) {
      SharedSystem system = linearise_shared(keys, damping);
      if (system.cost <= least) {  // keep it; otherwise go back and try a shorter step
        least = system.cost;
        identity = identity_;
        focal = focal_;
        for (std::size_t k = 0; k < keys.size(); ++k) states[k] = frames_[keys[k]].state;
        damping = std::max(damping / 3, kLeastDamping);
      } else {
        restore(keys, states, identity, focal);
        damping *= 30;
        system = linearise_shared(keys, damping);
      }
      if (step < kSharedSteps) apply(keys, system);
    }
  }

  void restore(const std::vector<std::size_t>& keys, const std::vector<FrameState>& states,
               const Eigen::VectorXd& identity, double focal) {
    identity_ = identity;
    focal_ = focal;
    for (std::size_t k = 0; k < keys.size(); ++k) frames_[keys[k]].state = states[k];
    update_shape();
  }

  struct SharedSystem {
    Eigen::MatrixXd h;  // identity and log focal; the frames are eliminated
    Eigen::VectorXd g;  //   by Schur complement
    std::vector<Eigen::MatrixXd>
        own_from_shared;  // a key frame's step = -constant - own_from_shared * shared
    std::vector<Eigen::VectorXd> own_constant;
    double cost = 0;
  };

  SharedSystem linearise_shared(const std::vector<std::size_t>& keys, double damping) {
    const Eigen::Index shared = model_.identity.cols() + 1, own = kPoseSize + model_.expression.cols();
    SharedSystem out;
    out.h = Eigen::MatrixXd::Zero(shared, shared);
    out.g = Eigen::VectorXd::Zero(shared);
    const double focal_weight = options_.focal_px ? 1e12 : 1 / (kFocalSpread * kFocalSpread);
    const double off = std::log(focal_ / prior_focal_);
    out.h.diagonal().head(shared - 1).array() += options_.identity_weight;
    out.g.head(shared - 1) = options_.identity_weight * identity_;
    out.h(shared - 1, shared - 1) += focal_weight;
    out.g[shared - 1] = focal_weight * off;
    out.cost = options_.identity_weight * identity_.squaredNorm() + focal_weight * off * off;
    for (std::size_t key : keys) {
      Frame& frame = frames_[key];
      linearise(model_, shape_, focal_, frame.state, frame.observed, options_.robust_scale, Unknowns::shared,
                &lin_);
      out.cost += huber_cost(lin_.residual, options_.robust_scale) +
                  options_.expression_weight * frame.state.expression.squaredNorm();
      Eigen::MatrixXd j(lin_.residual.size(), own), js(lin_.residual.size(), shared);
      j << lin_.pose, lin_.expression;
      js << lin_.identity, lin_.log_focal;
      Eigen::MatrixXd hf = j.transpose() * j, hfs = j.transpose() * js;
      Eigen::VectorXd gf = j.transpose() * lin_.residual;
      add_expression_prior(frame.state, &hf, &gf);
      damp(&hf, damping);
      Eigen::LDLT<Eigen::MatrixXd> solver(hf);
      out.own_from_shared.push_back(solver.solve(hfs));
      out.own_constant.push_back(solver.solve(gf));
      out.h.noalias() += js.transpose() * js - hfs.transpose() * out.own_from_shared.back();
      out.g.noalias() += js.transpose() * lin_.residual - hfs.transpose() * out.own_constant.back();
    }
    damp(&out.h, damping);
    return out;
  }

  void apply(const std::vector<std::size_t>& keys, const SharedSystem& system) {
    Eigen::VectorXd update = -system.h.ldlt().solve(system.g);
    const Eigen::Index last = update.size() - 1;
    update[last] = std::clamp(update[last], -0.2, 0.2);
    identity_ += update.head(last);
    focal_ *= std::exp(update[last]);
    for (std::size_t k = 0; k < keys.size(); ++k)
      move(-system.own_constant[k] - system.own_from_shared[k] * update, &frames_[keys[k]].state);
    update_shape();
  }

  // Each frame by itself, then sweeps in which the neighbours pull.
  void fit_frames() {
    for (std::size_t i = 0; i < frames_.size(); ++i) {
      Frame& frame = frames_[i];
      bool follows = neighbour(i, -1) != nullptr;
      if (follows)
        frame.state = frames_[i - 1].state;
      else
        frame.state = initial_state(model_, shape_, focal_, frame.observed, options_.robust_scale);
      if (follows && mean_distance(model_, shape_, focal_, frame.state, frame.observed) >
                         0.3 * frame.observed.inter_ocular)
        frame.state = initial_state(model_, shape_, focal_, frame.observed, options_.robust_scale);
      int steps = follows ? std::max(2, options_.iterations / 3) : options_.iterations;
      for (int step = 0; step < steps; ++step) improve(i, false);
    }
    if (options_.temporal_weight <= 0) return;
    for (int sweep = 0; sweep < kSweeps; ++sweep)  // to and fro, so that neither direction lags
      for (std::size_t i = 0; i < frames_.size(); ++i)
        improve(sweep % 2 == 0 ? i : frames_.size() - 1 - i, true);
  }

  const Frame* neighbour(std::size_t i, int offset) const {
    if ((offset < 0 && i == 0) || (offset > 0 && i + 1 >= frames_.size())) return nullptr;
    const Frame& other = frames_[std::size_t(std::ptrdiff_t(i) + offset)];
    bool adjacent = other.shot == frames_[i].shot &&
                    std::ptrdiff_t(other.index) == std::ptrdiff_t(frames_[i].index) + offset;
    return adjacent ? &other : nullptr;
  }

  void improve(std::size_t i, bool with_neighbours) {
    Frame& frame = frames_[i];
    linearise(model_, shape_, focal_, frame.state, frame.observed, options_.robust_scale, Unknowns::frame,
              &lin_);
    const Eigen::Index own = kPoseSize + model_.expression.cols();
    jacobian_.resize(lin_.residual.size(), own);
    jacobian_ << lin_.pose, lin_.expression;
    Eigen::MatrixXd h = Eigen::MatrixXd::Zero(own, own);
    h.selfadjointView<Eigen::Lower>().rankUpdate(jacobian_.transpose());
    Eigen::VectorXd g = jacobian_.transpose() * lin_.residual;
    add_expression_prior(frame.state, &h, &g);
    const Frame *before = neighbour(i, -1), *after = neighbour(i, 1);
    if (with_neighbours && before != nullptr && after != nullptr)
      add_temporal_prior(frame, *before, *after, &h, &g);
    damp(&h);
    move(-h.selfadjointView<Eigen::Lower>().ldlt().solve(g), &frame.state);
  }

  void add_expression_prior(const FrameState& state, Eigen::MatrixXd* h, Eigen::VectorXd* g) const {
    h->diagonal().tail(model_.expression.cols()).array() += options_.expression_weight;
    g->tail(model_.expression.cols()) += options_.expression_weight * state.expression;
  }

  void add_temporal_prior(const Frame& frame, const Frame& before, const Frame& after, Eigen::MatrixXd* h,
                          Eigen::VectorXd* g) const {
    Eigen::AngleAxisd to_before(before.state.rotation * frame.state.rotation.transpose()),
        to_after(after.state.rotation * frame.state.rotation.transpose());
    Eigen::Vector3d turn = -0.5 * (to_before.angle() * to_before.axis() + to_after.angle() * to_after.axis());
    Eigen::Vector3d shift =
        frame.state.translation - 0.5 * (before.state.translation + after.state.translation);
    // The same pixels are more centimetres farther away.
    double per_depth = std::max(frame.state.translation.z() / 100, 0.3);
    double sideways = shift.head<2>().norm() / per_depth, square = per_depth * per_depth;
    auto pull = [&](Eigen::Index row, double deviation, double weight) {
      (*h)(row, row) += options_.temporal_weight * weight;
      (*g)[row] += options_.temporal_weight * weight * deviation;
    };
    for (int k = 0; k < 3; ++k) pull(k, turn[k], kTurn.weight(turn.norm()));
    for (int k = 0; k < 2; ++k) pull(3 + k, shift[k], kShift.weight(sideways) / square);
    pull(5, shift.z(), kDepth.weight(std::abs(shift.z()) / per_depth) / square);
    // Speech and the upper face apart: a blink must not loosen the lips.
    Eigen::Index speech = model_.speech_count, upper = model_.expression.cols() - speech;
    pull_expression(0, speech, kSpeechLandmarks, frame, before, after, h, g);
    pull_expression(speech, upper, kUpperLandmarks, frame, before, after, h, g);
  }

  // Coefficients [first, first + count), measured by how far they move `landmarks` points.
  void pull_expression(Eigen::Index first, Eigen::Index count, int landmarks, const Frame& frame,
                       const Frame& before, const Frame& after, Eigen::MatrixXd* h,
                       Eigen::VectorXd* g) const {
    if (count == 0) return;
    auto part = [&](const Frame& f) { return f.state.expression.segment(first, count); };
    Eigen::VectorXd change = part(frame) - 0.5 * (part(before) + part(after));
    auto gram = expression_gram_.block(first, first, count, count);
    Eigen::VectorXd force = gram * change;
    double weight =
        options_.temporal_weight * kLandmark.weight(std::sqrt(std::max(0.0, change.dot(force)) / landmarks));
    h->block(kPoseSize + first, kPoseSize + first, count, count) += weight * gram;
    g->segment(kPoseSize + first, count) += weight * force;
  }

  static void damp(Eigen::MatrixXd* h, double damping = kLeastDamping) {
    h->diagonal() *= 1 + damping;
    h->diagonal().array() += 1e-9;
  }

  LandmarkModel model_;
  FitOptions options_;
  Camera camera_;
  double prior_focal_ = 1000, focal_ = 1000;
  Eigen::VectorXd identity_, shape_;
  Eigen::MatrixXd
      expression_gram_;  // squared distance, cm, that the landmarks move by a change of expression
  std::vector<Frame> frames_;
  Linearisation lin_;
  Eigen::MatrixXd jacobian_;
};

}  // namespace

TrackFit fit_track(const FaceModel& model, const std::vector<ShotInput>& shots, int frame_width,
                   int frame_height, const FitOptions& options) {
  return TrackFitter(model, shots, frame_width, frame_height, options).run(shots);
}

}  // namespace resyncer::mesh
