#include "face_shape.h"

#include <algorithm>
#include <cmath>

namespace resyncer::track {
namespace {

LandmarkWeights make_rigid_weights() {
  LandmarkWeights w{};
  for (int i = 0; i < core::kLandmarks; ++i) {
    if (i < 17)
      w[i] = 0.3F;  // jaw: moves with speech, badly localised
    else if (i < 27)
      w[i] = 0.5F;  // brows
    else if (i < 48)
      w[i] = 1.F;  // nose and eyes
    else
      w[i] = 0.1F;  // mouth
  }
  return w;
}

core::Point2 mean_of(const core::Landmarks& p, int first, int end) {
  core::Point2 sum(0, 0);
  for (int i = first; i < end; ++i) sum += p[i];
  return sum / float(end - first);
}

// Residual after alignment in units of the box: 0.03 is common, profiles reach 0.08.
constexpr float kResidualGood = 0.075F, kResidualBad = 0.13F;

}  // namespace

const LandmarkWeights& uniform_weights() {
  static const LandmarkWeights weights = [] {
    LandmarkWeights w;
    w.fill(1.F);
    return w;
  }();
  return weights;
}

const LandmarkWeights& rigid_weights() {
  static const LandmarkWeights weights = make_rigid_weights();
  return weights;
}

core::Affine2 align(const core::Landmarks& from, const core::Landmarks& to, const LandmarkWeights& weights) {
  core::Point2 from_mean(0, 0), to_mean(0, 0);
  float total = 0;
  for (int i = 0; i < core::kLandmarks; ++i) {
    from_mean += weights[i] * from[i];
    to_mean += weights[i] * to[i];
    total += weights[i];
  }
  from_mean /= total;
  to_mean /= total;
  float dot = 0, cross = 0, square = 0;
  for (int i = 0; i < core::kLandmarks; ++i) {
    core::Point2 a = from[i] - from_mean, b = to[i] - to_mean;
    dot += weights[i] * a.dot(b);
    cross += weights[i] * (a.x() * b.y() - a.y() * b.x());
    square += weights[i] * a.squaredNorm();
  }
  float c = square > 0 ? dot / square : 1.F, s = square > 0 ? cross / square : 0.F;
  core::Affine2 map = core::Affine2::Identity();
  map.linear() << c, -s, s, c;
  map.translation() = to_mean - map.linear() * from_mean;
  return map;
}

FaceSquare detector_square(const core::Landmarks& mean, const core::Landmarks& landmarks) {
  core::Affine2 frame_from_unit = align(mean, landmarks, rigid_weights());
  FaceSquare square;
  square.centre = frame_from_unit * core::Point2(0.5F, 0.5F);
  square.side = std::hypot(frame_from_unit(0, 0), frame_from_unit(1, 0));
  square.angle = std::atan2(frame_from_unit(1, 0), frame_from_unit(0, 0));
  return square;
}

core::Box upright_box(const FaceSquare& square) {
  float half = square.side / 2;
  return {int(std::lround(square.centre.x() - half)), int(std::lround(square.centre.y() - half)),
          int(std::lround(square.centre.x() + half)), int(std::lround(square.centre.y() + half))};
}

float plausibility(const core::Landmarks& mean, const core::Landmarks& landmarks) {
  core::Affine2 unit_from_frame = align(landmarks, mean, uniform_weights());
  float residual = 0;
  core::Landmarks p;
  for (int i = 0; i < core::kLandmarks; ++i) {
    p[i] = unit_from_frame * landmarks[i];
    residual += (p[i] - mean[i]).squaredNorm();
  }
  residual = std::sqrt(residual / core::kLandmarks);
  core::Point2 left_eye = mean_of(p, 36, 42), right_eye = mean_of(p, 42, 48), mouth = mean_of(p, 48, 60);
  bool eyes_in_order = left_eye.x() + 0.08F < right_eye.x();
  bool eyes_over_mouth = std::max(left_eye.y(), right_eye.y()) < mouth.y();
  bool jaw_in_order = p[0].x() < p[8].x() && p[8].x() < p[16].x() && p[8].y() > mouth.y();
  if (!eyes_in_order || !eyes_over_mouth || !jaw_in_order || !std::isfinite(residual)) return 0;
  return std::clamp((kResidualBad - residual) / (kResidualBad - kResidualGood), 0.F, 1.F);
}

}  // namespace resyncer::track
