// Measured landmarks and tracked ones do not mean quite the same points (jaw line, brows, inner lips). The
// mean difference on real faces, turned back into the head with the model's depth, moves the neutral face
// (private to train).
#pragma once

#include <Eigen/Core>

#include "resyncer/train/face_model.h"

namespace resyncer::train {

struct Refinement {
  Eigen::VectorXf neutral;  // 204
  float error_before = 0, error_after = 0;
};

Refinement refine_neutral(const Eigen::VectorXf& neutral, const Eigen::MatrixXf& identity,
                          const Eigen::MatrixXf& expression, const FaceModelOptions& options);

}  // namespace resyncer::train
