// Geometry of the 68-point shape: alignment, the box that dlib's detector would draw, how face-like it is.
#pragma once

#include <array>

#include "resyncer/core/face.h"

namespace resyncer::track {

using LandmarkWeights = std::array<float, core::kLandmarks>;

const LandmarkWeights& uniform_weights();
// Points that the skull carries count most, the mouth hardly.
const LandmarkWeights& rigid_weights();

// The similarity (turn, scale, shift) that takes `from` to `to` with the least weighted squared error.
core::Affine2 align(const core::Landmarks& from, const core::Landmarks& to, const LandmarkWeights& weights);

// A square that turns with the head: centre, side, and the angle of its x axis.
struct FaceSquare {
  core::Point2 centre = {0, 0};
  float side = 0;
  float angle = 0;
};

// Where dlib's detector would place its box around these landmarks: the unit square of the model's mean
// shape.
FaceSquare detector_square(const core::Landmarks& mean, const core::Landmarks& landmarks);

core::Box upright_box(const FaceSquare& square);

// In [0, 1]: 1 = an ordinary face seen from the front, 0 = no face (features out of order, or far from the
// mean).
float plausibility(const core::Landmarks& mean, const core::Landmarks& landmarks);

}  // namespace resyncer::track
