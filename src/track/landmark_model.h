// The 68-point landmark predictor: an ensemble of regression trees (Kazemi & Sullivan 2014), read from dlib's
// shape_predictor file. Own evaluation, because dlib's rounds the points to whole pixels, does not check the
// indices of a damaged file, and takes five times as long to load.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "resyncer/core/face.h"
#include "resyncer/core/image.h"

namespace resyncer::track {

class LandmarkModel {
 public:
  // Throws Error{model} when the file is missing, damaged or not a 68-point model.
  explicit LandmarkModel(const std::filesystem::path& path);

  // Mean of the training shapes in the unit square of the detector's box: it says where dlib's detector would
  // have placed its box around given landmarks.
  const core::Landmarks& mean_shape() const { return mean_; }

  // Landmarks in px of `chip` (1 channel), where the face's box is the square of side `box_side` at
  // (box_left, box_left).
  core::Landmarks predict(const core::ImageU8& chip, float box_left, float box_side) const;

 private:
  struct Split {
    std::uint16_t a, b;  // pixels to compare
    float threshold;
  };
  struct Pixel {
    std::uint16_t anchor;  // landmark that it moves with
    float dx, dy;
  };
  struct Stage {
    std::vector<Pixel> pixels;
    std::vector<Split> splits;  // trees x (leaves - 1), heap order
    std::vector<float> leaves;  // trees x leaves x 136
    int trees = 0, tree_leaves = 0;
  };
  friend class LandmarkFile;

  core::Landmarks mean_;
  std::vector<Stage> stages_;
};

}  // namespace resyncer::track
