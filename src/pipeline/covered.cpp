#include "pipeline/covered.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace resyncer::pipeline {

namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic>;
using Rows = std::vector<Eigen::Index>;

constexpr Eigen::Index kColumns = 3 * kPlaces;
constexpr std::size_t kFewest = 16;   // observations that can be told anything from
constexpr std::size_t kBlock = 750;   // observations judged by one fit, over twice as many around them
constexpr std::size_t kFitted = 300;  // of them at most
// Least deviations of a place: log brightness, red over green, blue over green.
constexpr float kFloor[3] = {0.03F, 0.02F, 0.025F};
constexpr float kDiffers = 4.5F;    // deviations from which a place is another's
constexpr float kUpperTimes = 2;    // and times the upper face's median
constexpr float kAgreeing = 0.55F;  // share of the frames that are the face without doubt
constexpr float kJoins = 0.08F;     // share of differing places up to which a frame is fitted to
constexpr float kRidge = 0.5F;

float median(std::vector<float> v) {
  auto middle = v.begin() + std::ptrdiff_t(v.size() / 2);
  std::nth_element(v.begin(), middle, v.end());
  return *middle;
}

Eigen::RowVectorXf column_medians(const Matrix& m, const Rows& rows) {
  Eigen::RowVectorXf medians(m.cols());
  std::vector<float> values(rows.size());
  for (Eigen::Index c = 0; c < m.cols(); ++c) {
    for (std::size_t i = 0; i < rows.size(); ++i) values[i] = m(rows[i], c);
    medians(c) = median(values);
  }
  return medians;
}

Rows all_rows(Eigen::Index n) {
  Rows rows(std::size_t(n), 0);
  std::iota(rows.begin(), rows.end(), Eigen::Index{0});
  return rows;
}

// Logarithms of the colours, without the gain and the tint that all of the upper face shares.
Matrix features_of(const std::vector<FaceLook>& looks) {
  Matrix f(Eigen::Index(looks.size()), kColumns);
  for (Eigen::Index t = 0; t < f.rows(); ++t)
    for (int k = 0; k < kPlaces; ++k) {
      const std::uint8_t* colour = &looks[std::size_t(t)].colours[std::size_t(3 * k)];
      auto log_of = [&](int c) { return std::log(float(colour[c]) + 8); };
      const float red = log_of(0), green = log_of(1), blue = log_of(2);
      f(t, 3 * k) = 0.3F * red + 0.59F * green + 0.11F * blue;
      f(t, 3 * k + 1) = red - green;
      f(t, 3 * k + 2) = blue - green;
    }
  const Eigen::RowVectorXf usual = column_medians(f.leftCols(3 * kUpperPlaces), all_rows(f.rows()));
  std::vector<float> off(kUpperPlaces);
  for (Eigen::Index t = 0; t < f.rows(); ++t)
    for (int c = 0; c < 3; ++c) {
      for (int k = 0; k < kUpperPlaces; ++k) off[std::size_t(k)] = f(t, 3 * k + c) - usual(3 * k + c);
      const float gain = median(off);
      for (int k = 0; k < kPlaces; ++k) f(t, 3 * k + c) -= gain;
    }
  return f;
}

Matrix poses_of(const std::vector<FaceLook>& looks) {
  Matrix poses(Eigen::Index(looks.size()), kPoses);
  for (Eigen::Index t = 0; t < poses.rows(); ++t)
    for (int c = 0; c < kPoses; ++c) poses(t, c) = looks[std::size_t(t)].pose[std::size_t(c)];
  return poses;
}

// How far every place is off, in `deviations` (3 a place).
Matrix distances(const Matrix& residuals, const Eigen::RowVectorXf& deviations) {
  Matrix d(residuals.rows(), kPlaces);
  for (int k = 0; k < kPlaces; ++k) {
    auto off = [&](int c) { return residuals.col(3 * k + c).cwiseAbs() / deviations(3 * k + c); };
    d.col(k) = off(0).cwiseMax(off(1)).cwiseMax(off(2));
  }
  return d;
}

Eigen::RowVectorXf floors() {
  Eigen::RowVectorXf floor(kColumns);
  for (Eigen::Index c = 0; c < kColumns; ++c) floor(c) = kFloor[c % 3];
  return floor;
}

// The look of the face: what its places are, by pose, and how far they vary.
struct Model {
  Eigen::RowVectorXf centre, deviations;
  Eigen::RowVectorXf pose_mean, pose_scale;
  Matrix slopes;  // poses x columns

  Matrix residuals(const Matrix& features, const Matrix& poses) const {
    const Matrix away = (poses.rowwise() - pose_mean).array().rowwise() / pose_scale.array();
    return (features.rowwise() - centre) - away * slopes;
  }
};

Model fit_model(const Matrix& features, const Matrix& poses, const Rows& rows) {
  Model m;
  const auto n = Eigen::Index(rows.size());
  Matrix a(n, kPoses), y(n, kColumns);
  for (Eigen::Index i = 0; i < n; ++i) {
    a.row(i) = poses.row(rows[std::size_t(i)]);
    y.row(i) = features.row(rows[std::size_t(i)]);
  }
  m.pose_mean = a.colwise().mean();
  a.rowwise() -= m.pose_mean;
  m.pose_scale = (a.colwise().squaredNorm() / float(n)).cwiseSqrt().array() + 1e-3F;
  a.array().rowwise() /= m.pose_scale.array();
  m.centre = y.colwise().mean();
  y.rowwise() -= m.centre;
  Matrix normal = a.transpose() * a;
  normal.diagonal().array() += kRidge * float(n);
  m.slopes = normal.ldlt().solve(a.transpose() * y);
  const Matrix off = (y - a * m.slopes).cwiseAbs();
  m.deviations = (1.4826F * column_medians(off, all_rows(n))).cwiseMax(floors());
  return m;
}

// Of a frame: how far its lower face is off; small differences and the size of great ones do not count.
Eigen::VectorXf strangeness(const Matrix& d) {
  return (d.rightCols(kLowerPlaces).array() - 2).cwiseMax(0.F).cwiseMin(15.F).rowwise().mean();
}

Rows least(const Eigen::VectorXf& values, std::size_t count) {
  Rows rows = all_rows(values.size());
  std::nth_element(rows.begin(), rows.begin() + std::ptrdiff_t(count - 1), rows.end(),
                   [&](auto a, auto b) { return std::pair(values(a), a) < std::pair(values(b), b); });
  rows.resize(count);
  std::sort(rows.begin(), rows.end());
  return rows;
}

// The frames that agree most (least trimmed squares by concentration steps from several beginnings).
Rows agreeing_frames(const Matrix& features) {
  constexpr int kBeginnings = 12, kSteps = 6;
  const Eigen::Index n = features.rows();
  const auto count = std::size_t(std::ceil(kAgreeing * float(n)));
  Rows best;
  float best_sum = std::numeric_limits<float>::infinity();
  for (int b = 0; b < kBeginnings; ++b) {
    Eigen::RowVectorXf centre = features.row(b * (n - 1) / (kBeginnings - 1));
    Rows rows;
    float sum = 0;
    for (int step = 0; step < kSteps; ++step) {
      const Eigen::VectorXf off = strangeness(distances(features.rowwise() - centre, floors()));
      Rows now = least(off, count);
      sum = 0;
      for (auto t : now) sum += off(t);
      if (now == rows) break;
      rows = std::move(now);
      centre = column_medians(features, rows);
    }
    if (sum < best_sum) best_sum = sum, best = std::move(rows);
  }
  return best;
}

// Share of the places of the lower face that differ, and by more than the upper face does.
std::vector<float> shares(const Matrix& d) {
  std::vector<float> share(std::size_t(d.rows()));
  std::vector<float> upper(kUpperPlaces);
  for (Eigen::Index t = 0; t < d.rows(); ++t) {
    for (int k = 0; k < kUpperPlaces; ++k) upper[std::size_t(k)] = d(t, k);
    const float bound = std::max(kDiffers, kUpperTimes * median(upper));
    share[std::size_t(t)] = float((d.row(t).rightCols(kLowerPlaces).array() > bound).count()) / kLowerPlaces;
  }
  return share;
}

Model learn(const Matrix& features, const Matrix& poses) {
  Rows rows = agreeing_frames(features);
  Model model = fit_model(features, poses, rows);
  for (int round = 0; round < 2; ++round) {
    const auto share = shares(distances(model.residuals(features, poses), model.deviations));
    Rows joined;
    for (Eigen::Index t = 0; t < features.rows(); ++t)
      if (share[std::size_t(t)] < kJoins) joined.push_back(t);
    if (joined.size() < rows.size() / 2) break;
    model = fit_model(features, poses, joined);
  }
  return model;
}

// One or two frames are no stay, but a blur.
std::vector<float> medians_of_five(const std::vector<float>& v) {
  std::vector<float> out = v;
  for (std::size_t i = 2; i + 2 < v.size(); ++i) {
    const auto first = v.begin() + std::ptrdiff_t(i) - 2;
    out[i] = median({first, first + 5});
  }
  return out;
}

// Frame by frame, of the observations alone.
std::vector<float> shares_of(const std::vector<FaceLook>& looks) {
  std::vector<float> all(looks.size(), 0.F);
  if (looks.size() < kFewest) return all;
  for (std::size_t begin = 0; begin < looks.size(); begin += kBlock) {
    const std::size_t end = std::min(looks.size(), begin + kBlock);
    const std::size_t from = begin - std::min(begin, kBlock / 2),
                      to = std::min(looks.size(), end + kBlock / 2);
    const std::size_t step = 1 + (to - from - 1) / kFitted;
    // What is fitted to comes first, then what is judged: one gain for both.
    std::vector<FaceLook> taken;
    for (std::size_t i = from; i < to; i += step) taken.push_back(looks[i]);
    const auto fitted = Eigen::Index(taken.size()), judged = Eigen::Index(end - begin);
    taken.insert(taken.end(), looks.begin() + std::ptrdiff_t(begin), looks.begin() + std::ptrdiff_t(end));
    const Matrix features = features_of(taken), poses = poses_of(taken);
    const Model model = learn(features.topRows(fitted), poses.topRows(fitted));
    const auto share = shares(
        distances(model.residuals(features.bottomRows(judged), poses.bottomRows(judged)), model.deviations));
    std::copy(share.begin(), share.end(), all.begin() + std::ptrdiff_t(begin));
  }
  return all;
}

}  // namespace

std::vector<float> covered_shares(const std::vector<std::optional<FaceLook>>& looks) {
  std::vector<FaceLook> seen;
  for (const auto& look : looks)
    if (look) seen.push_back(*look);
  const std::vector<float> share = shares_of(seen);
  // What hides the face in the end is believed from its first frame.
  std::vector<float> all(looks.size(), 1.F);
  std::size_t k = 0;
  for (std::size_t i = 0; i < looks.size(); ++i)
    if (looks[i]) all[i] = share[k++];
  all = medians_of_five(all);
  for (std::size_t i = 0; i < looks.size(); ++i)
    if (!looks[i]) all[i] = 0;
  return all;
}

void CoverWatch::push(const media::VideoFrame& picture, const core::Affine2& upright_from_stored,
                      const std::vector<core::FaceObservation>& faces) {
  frames_.emplace_back();
  for (const core::FaceObservation& face : faces)
    frames_.back().push_back(
        {face.landmarks[33], look_at(picture, upright_from_stored, face.landmarks, &scratch_)});
}

void CoverWatch::finish(track::FaceTracks* tracks) {
  for (track::FaceTrack& face : tracks->tracks) {
    std::vector<std::optional<FaceLook>> looks(face.frames.size());
    for (std::size_t i = 0; i < std::min(looks.size(), face.raw.size()); ++i) {
      const std::size_t frame = std::size_t(face.first_frame) + i;
      if (!face.raw[i] || frame >= frames_.size()) continue;
      for (const Seen& seen : frames_[frame])
        if (seen.nose == face.raw[i]->landmarks[33]) looks[i] = seen.look;
    }
    face.covered = covered_shares(looks);
    // Bridged frames are like the worse of their neighbours.
    for (std::size_t i = 1; i + 1 < looks.size(); ++i) {
      if (looks[i] || !face.frames[i]) continue;
      std::size_t next = i;
      while (next + 1 < looks.size() && !looks[next]) ++next;
      face.covered[i] = std::max(face.covered[i - 1], face.covered[next]);
    }
  }
  frames_.clear();
}

}  // namespace resyncer::pipeline
