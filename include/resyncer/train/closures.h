// Where lips have to be shut, told from finished speech features: a logistic regression on the encoder of
// motion weights; and how lips part before and after they meet (nets::SyncFormer::parting). Both from
// "motion" dataset files that know when /p b m/ are spoken (resyncer prepare motion --phones). People's own
// meshes do not teach when: they are smoothed, and few people's lips are told apart from a picture of a
// hundred pixels when they touch. They do teach which way.
#pragma once

#include <filesystem>
#include <vector>

#include "resyncer/mesh/face_model.h"

namespace resyncer::train {

// How well closures are told, at probability 0.2.
struct ClosureFigure {
  int bilabials = 0, found = 0;  // spans of shut rows; with such a row in them, or beside them
  int rows = 0, false_rows = 0;  // rows further than one from any; of these, told to be shut
};

struct ClosureTrainOptions {
  std::vector<std::filesystem::path> datasets, held_out;  // parts of files too, as for motion
  std::filesystem::path weights;                          // of motion, whose encoder is asked
  std::filesystem::path output;                           // the same weights with both
  double ridge = 100;                                     // of squared weights
};

// Throws Error{input} (no row whose closures are known), Error{model}, Error{output}.
ClosureFigure train_closures(const ClosureTrainOptions& options, const mesh::FaceModel& face);

}  // namespace resyncer::train
