// Zero-lag smoothing. A track is split into the rigid motion of the head (shift, turn, scale of the shape)
// and the shape that remains in the head's own frame. Every part is filtered by two symmetric local
// polynomials, a wide one and a narrow one, and follows the narrow one where both differ by more than the
// noise explains: still stretches become quiet, movement stays where it is in time and keeps its height.
#include <algorithm>
#include <cmath>

#include "face_shape.h"
#include "resyncer/track/face_tracker.h"

namespace resyncer::track {
namespace {

using Frames = std::vector<std::optional<core::FaceObservation>>;
constexpr std::size_t kBridged = 3;  // longest gap that is interpolated

// Values of a group of coordinates over time: rows are frames.
using Signal = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct Strength {
  int wide, narrow;  // half widths of the quadratic fits, frames; narrow 0 = the measured value itself
  float noise;       // least difference (in signal units) that may pass for movement
};

struct Group {
  int first, end;  // landmarks
  Strength strength;
};

// Units: box sides (a face is about 1).
constexpr Strength kShiftStrength = {5, 1, 0.0008F};
constexpr Strength kTurnStrength = {6, 1, 0.0015F};  // radians, and log scale
constexpr Group kGroups[] = {
    {0, 17, {6, 2, 0.003F}},    // jaw
    {17, 27, {5, 2, 0.002F}},   // brows
    {27, 36, {6, 2, 0.0015F}},  // nose
    {36, 48, {3, 0, 0.002F}},   // eyes: a blink lasts 3 to 5 frames
    {48, 68, {2, 0, 0.002F}},   // mouth: a bilabial shuts it for 2 or 3
};

// Value at 0 of the quadratic fitted to samples -before..after of the rows around `t`.
void fit_quadratic(const Signal& in, Eigen::Index t, int half, Eigen::RowVectorXf* out) {
  Eigen::Index first = std::max<Eigen::Index>(0, t - half),
               last = std::min<Eigen::Index>(in.rows() - 1, t + half);
  if (last - first < 3) {
    *out = in.row(t);
    return;
  }
  Eigen::Matrix3d normal = Eigen::Matrix3d::Zero();
  for (auto i = first; i <= last; ++i) {
    double x = double(i - t);
    Eigen::Vector3d powers(1, x, x * x);
    normal += powers * powers.transpose();
  }
  Eigen::Vector3d weights = normal.inverse().row(0).transpose();
  out->setZero(in.cols());
  for (auto i = first; i <= last; ++i) {
    double x = double(i - t);
    *out += float(weights.dot(Eigen::Vector3d(1, x, x * x))) * in.row(i);
  }
}

// Median over the frames of the size of the second difference: the noise, where movement is rare or smooth.
float noise_of(const Signal& in) {
  std::vector<float> sizes;
  for (Eigen::Index t = 1; t + 1 < in.rows(); ++t)
    sizes.push_back((in.row(t - 1) - 2 * in.row(t) + in.row(t + 1)).norm() /
                    std::sqrt(6.F * float(in.cols())));
  if (sizes.empty()) return 0;
  auto middle = sizes.begin() + std::ptrdiff_t(sizes.size() / 2);
  std::nth_element(sizes.begin(), middle, sizes.end());
  return *middle;
}

void smooth_signal(const Strength& strength, Signal* signal) {
  const Signal in = *signal;
  float floor = std::clamp(noise_of(in), 0.25F * strength.noise, strength.noise);
  Eigen::Index n = in.rows();
  Signal wide(n, in.cols()), narrow(n, in.cols());
  std::vector<float> moved(std::size_t(n), 0.F);
  Eigen::RowVectorXf value(in.cols());
  for (Eigen::Index t = 0; t < n; ++t) {
    fit_quadratic(in, t, strength.wide, &value);
    wide.row(t) = value;
    if (strength.narrow > 0)
      fit_quadratic(in, t, strength.narrow, &value);
    else
      value = in.row(t);
    narrow.row(t) = value;
    moved[std::size_t(t)] = (wide.row(t) - narrow.row(t)).squaredNorm() / float(in.cols());
  }
  for (Eigen::Index t = 0; t < n; ++t) {
    // The neighbours have a say, so that the choice does not flicker.
    float evidence = moved[std::size_t(t)];
    if (t > 0) evidence = std::max(evidence, 0.5F * moved[std::size_t(t) - 1]);
    if (t + 1 < n) evidence = std::max(evidence, 0.5F * moved[std::size_t(t) + 1]);
    float ratio = evidence / (4 * floor * floor + 1e-20F);
    float follow = ratio * ratio / (1 + ratio * ratio);
    signal->row(t) = wide.row(t) + follow * (narrow.row(t) - wide.row(t));
  }
}

core::Landmarks mean_shape(const Frames& frames, std::size_t first, std::size_t end) {
  core::Landmarks mean = frames[first]->landmarks;
  // Two rounds of Procrustes: the mean in the position of the first frame.
  for (int round = 0; round < 2; ++round) {
    core::Landmarks sum;
    sum.fill(core::Point2(0, 0));
    for (std::size_t t = first; t < end; ++t) {
      auto map = align(frames[t]->landmarks, mean, rigid_weights());
      for (int i = 0; i < core::kLandmarks; ++i) sum[i] += map * frames[t]->landmarks[i];
    }
    for (auto& p : sum) p /= float(end - first);
    mean = sum;
  }
  return mean;
}

// Smooths frames [first, end), all of which are present.
void smooth_run(Frames* frames, std::size_t first, std::size_t end) {
  auto n = Eigen::Index(end - first);
  if (n < 4) return;
  core::Landmarks mean = mean_shape(*frames, first, end);
  // The mean shape, centred, about 1 in size.
  core::Point2 centre(0, 0);
  for (int i = 27; i < 48; ++i) centre += mean[i] / 21.F;
  float size = std::max(1e-3F, (mean[8] - mean[27]).norm());
  for (auto& p : mean) p = (p - centre) / size;

  Signal shift(n, 2), turn(n, 2), shape(n, 2 * core::kLandmarks);
  for (Eigen::Index t = 0; t < n; ++t) {
    const auto& landmarks = (*frames)[first + std::size_t(t)]->landmarks;
    auto map = align(mean, landmarks, rigid_weights());
    float angle = std::atan2(map(1, 0), map(0, 0));
    if (t > 0) angle = turn(t - 1, 0) + std::remainder(angle - turn(t - 1, 0), 2 * float(M_PI));
    shift.row(t) << map(0, 2) / size, map(1, 2) / size;
    turn.row(t) << angle, std::log(std::max(1e-6F, std::hypot(map(0, 0), map(1, 0))));
    auto back = map.inverse();
    for (int i = 0; i < core::kLandmarks; ++i)
      shape.block<1, 2>(t, 2 * i) = (back * landmarks[i]).transpose();
  }
  smooth_signal(kShiftStrength, &shift);
  smooth_signal(kTurnStrength, &turn);
  for (const auto& group : kGroups) {
    Signal part = shape.middleCols(2 * group.first, 2 * (group.end - group.first));
    smooth_signal(group.strength, &part);
    shape.middleCols(2 * group.first, 2 * (group.end - group.first)) = part;
  }
  for (Eigen::Index t = 0; t < n; ++t) {
    auto& face = *(*frames)[first + std::size_t(t)];
    core::Point2 before(0, 0), after(0, 0);
    Eigen::Matrix2f linear = std::exp(turn(t, 1)) * Eigen::Rotation2Df(turn(t, 0)).toRotationMatrix();
    for (int i = 0; i < core::kLandmarks; ++i) {
      before += face.landmarks[i] / float(core::kLandmarks);
      face.landmarks[i] = linear * shape.block<1, 2>(t, 2 * i).transpose() + size * shift.row(t).transpose();
      after += face.landmarks[i] / float(core::kLandmarks);
    }
    int dx = int(std::lround(after.x() - before.x())), dy = int(std::lround(after.y() - before.y()));
    face.box = {face.box.left + dx, face.box.top + dy, face.box.right + dx, face.box.bottom + dy};
  }
}

core::FaceObservation between(const core::FaceObservation& a, const core::FaceObservation& b, float part) {
  auto mix = [part](float x, float y) { return x + part * (y - x); };
  auto mix_px = [&](int x, int y) { return int(std::lround(mix(float(x), float(y)))); };
  core::FaceObservation o;
  o.box = {mix_px(a.box.left, b.box.left), mix_px(a.box.top, b.box.top), mix_px(a.box.right, b.box.right),
           mix_px(a.box.bottom, b.box.bottom)};
  for (int i = 0; i < core::kLandmarks; ++i)
    o.landmarks[i] = a.landmarks[i] + part * (b.landmarks[i] - a.landmarks[i]);
  o.score = mix(a.score, b.score);
  return o;
}

void bridge_gaps(Frames* frames) {
  std::size_t last = frames->size();  // last present frame
  for (std::size_t t = 0; t < frames->size(); ++t) {
    if (!(*frames)[t]) continue;
    if (last < t && t - last > 1 && t - last - 1 <= kBridged)
      for (std::size_t k = last + 1; k < t; ++k)
        (*frames)[k] = between(*(*frames)[last], *(*frames)[t], float(k - last) / float(t - last));
    last = t;
  }
}

}  // namespace

void smooth(std::vector<std::optional<core::FaceObservation>>* frames) {
  bridge_gaps(frames);
  std::size_t first = 0;
  while (first < frames->size()) {
    std::size_t end = first;
    while (end < frames->size() && (*frames)[end]) ++end;
    if (end > first) smooth_run(frames, first, end);
    first = end + 1;
  }
}

}  // namespace resyncer::track
