// What a user may do to the motion of a mouth. Pure functions of meshes, in the coordinates of the face
// model's speech expressions (motion::Coefficients).
#pragma once

#include <Eigen/Core>

#include "resyncer/mesh/face_model.h"
#include "resyncer/motion/curve.h"
#include "resyncer/motion/sync_former.h"

namespace resyncer::motion {

// The inner lips of one person and how the speech expressions move them: what the controls need to know of a
// face.
class Lips {
 public:
  Lips(const mesh::FaceModel& model, const Eigen::VectorXf& identity);

  float openness(const Eigen::VectorXf& mouth) const;  // mesh::lip_openness of that face
  // By how much the upper inner lip stands above the lower, cm, at three places from the subject's right to
  // the left; below 0 the lips pass through each other.
  Eigen::Vector3f gaps(const Eigen::VectorXf& mouth) const;
  // The way in which the jaw drops (FaceModel::wide_open).
  const Eigen::VectorXf& jaw() const { return jaw_; }

 private:
  Eigen::Matrix<float, 24, 1> neutral_;             // landmarks 60 to 67: x, y, z, x, ...
  Eigen::Matrix<float, 24, Eigen::Dynamic> moves_;  // 24 x speech_count
  Eigen::VectorXf jaw_;                             // speech_count
};

// Weighted mean of the rows around with a Gaussian of `seconds` standard deviation, of each row its own; 0
// leaves it alone. Even about each row, so that nothing moves in time: a closure stays where it is, but
// becomes less deep. `start`: of the track, on the curve's clock.
MotionTrack smooth(const MotionTrack& track, const Curve& seconds, double start = 0);

// rest + gain (mouth - rest). Above 1 lips that come together meet and go no further: where they would pass
// through each other deeper than they did, the gain of that mesh is less, down to 1.
Eigen::VectorXf with_gain(const Lips& lips, const Eigen::VectorXf& rest, const Eigen::VectorXf& mouth,
                          float gain);

// Openness that stays below `most`: what is up to three quarters of it is left alone, the rest comes up to it
// in a smooth bend. Continuous and monotone in both.
float limited_openness(float openness, float most);
// The mouth with the jaw raised until its openness is limited_openness of what it was.
Eigen::VectorXf with_jaw_limit(const Lips& lips, const Eigen::VectorXf& mouth, float most);

}  // namespace resyncer::motion
