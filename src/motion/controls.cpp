#include "resyncer/motion/controls.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace resyncer::motion {

namespace {

constexpr int kFirst = 60;      // of the inner lips' landmarks
constexpr float kKnee = 0.75F;  // share of the limit up to which openings are left alone
constexpr double kReach = 4;    // standard deviations
constexpr int kHalvings = 24;

mesh::Vertices vertices_of(const Eigen::Matrix<float, 24, 1>& flat) {
  mesh::Vertices control = mesh::Vertices::Zero(kFirst + 8, 3);
  control.bottomRows<8>() = Eigen::Map<const Eigen::Matrix<float, 8, 3, Eigen::RowMajor>>(flat.data());
  return control;
}

}  // namespace

Lips::Lips(const mesh::FaceModel& model, const Eigen::VectorXf& identity)
    : moves_(model.expression.block(Eigen::Index{3} * kFirst, 0, 24, model.speech_count)),
      jaw_(model.wide_open.head(model.speech_count)) {
  const Eigen::VectorXf rest = Eigen::VectorXf::Zero(model.expression_count());
  const mesh::Vertices control = mesh::control_vertices(model, identity, rest);
  neutral_ = Eigen::Map<const Eigen::Matrix<float, 24, 1>>(control.row(kFirst).data());
}

float Lips::openness(const Eigen::VectorXf& mouth) const {
  return mesh::lip_openness(vertices_of(neutral_ + moves_ * mouth));
}

Eigen::Vector3f Lips::gaps(const Eigen::VectorXf& mouth) const {
  const mesh::Vertices lips = vertices_of(neutral_ + moves_ * mouth);
  return {lips(61, 1) - lips(67, 1), lips(62, 1) - lips(66, 1), lips(63, 1) - lips(65, 1)};
}

MotionTrack smooth(const MotionTrack& track, const Curve& seconds, double start) {
  if (seconds.is(0)) return track;
  MotionTrack out = track;
  const Eigen::Index rows = track.expression.rows();
  for (Eigen::Index i = 0; i < rows; ++i) {
    const double sigma = double(seconds.at(start + (double(i) + 0.5) / track.rate)) * track.rate;  // rows
    if (sigma <= 0) continue;
    const auto reach = Eigen::Index(std::ceil(kReach * sigma));
    double sum = 1;
    Eigen::RowVectorXf mean = track.expression.row(i);
    for (Eigen::Index k = 1; k <= reach; ++k) {
      const double weight = std::exp(-0.5 * double(k * k) / (sigma * sigma));
      // Beyond an end stands that end's mesh: the weights to either side must be the same.
      mean += float(weight) * (track.expression.row(std::max<Eigen::Index>(i - k, 0)) +
                               track.expression.row(std::min(i + k, rows - 1)));
      sum += 2 * weight;
    }
    out.expression.row(i) = mean / float(sum);
  }
  return out;
}

Eigen::VectorXf with_gain(const Lips& lips, const Eigen::VectorXf& rest, const Eigen::VectorXf& mouth,
                          float gain) {
  if (gain == 1) return mouth;
  if (gain > 1) {
    const Eigen::Vector3f at_rest = lips.gaps(rest), now = lips.gaps(mouth);
    for (int i = 0; i < 3; ++i) {
      const float closed = at_rest[i] - now[i], room = at_rest[i] - std::min(0.F, now[i]);
      if (closed > 0 && gain * closed > room) gain = room / closed;
    }
  }
  return rest + gain * (mouth - rest);
}

float limited_openness(float openness, float most) {
  const float knee = kKnee * most, room = most - knee;
  if (openness <= knee || !std::isfinite(most)) return openness;
  return room > 0 ? knee + room * std::tanh((openness - knee) / room) : knee;
}

Eigen::VectorXf with_jaw_limit(const Lips& lips, const Eigen::VectorXf& mouth, float most) {
  const float openness = lips.openness(mouth), wanted = limited_openness(openness, most);
  if (wanted >= openness) return mouth;
  // How far the jaw is raised, in wide_open's drops: twice as far as the gap would need, if the mouth's width
  // stayed the same.
  const float drop = lips.gaps(lips.jaw())[1] - lips.gaps(Eigen::VectorXf::Zero(mouth.size()))[1];
  if (drop <= 0) return mouth;  // a face model without a jaw
  float low = 0, high = 2 * lips.gaps(mouth)[1] / drop;
  for (int i = 0; i < kHalvings; ++i) {
    const float middle = (low + high) / 2;
    (lips.openness(mouth - middle * lips.jaw()) > wanted ? low : high) = middle;
  }
  return mouth - high * lips.jaw();
}

}  // namespace resyncer::motion
