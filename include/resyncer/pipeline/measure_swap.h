// How good a face swap is: whose face its result shows, and whether it moves as the footage did. Everything
// is measured on the finished video, which is analysed like any other.
#pragma once

#include <filesystem>

#include "resyncer/pipeline/measure.h"

namespace resyncer::pipeline {

struct SwapFigures {
  int frames = 0;  // with a face in footage and result
  // Root mean square distance of the inner landmarks (brows, eyes, nose, mouth) of two faces at rest, turned
  // on one another and seen from the front, mm of a face of mean size.
  double shape_to_identity = 0, shape_to_footage = 0;
  // Cosines of the identity network's descriptions (identity/recogniser.h): the same person near 1.
  double likeness_to_identity = 0, likeness_to_footage = 0;
  // Degrees, mean over frames, of the rotation from the footage's head to the result's; and of the same about
  // its mean, since how far a face is pitched on the whole cannot be told from its shape.
  double pose_error = 0, turning_error = 0;
  double expression_error = 0;  // mm, root mean square over frames and inner landmarks, each about its mean
  double opening_error = 0;     // mean over frames, of lip openings (mesh::lip_openness)
};

// `identity`: as for a render. Throws Error{input, face}.
SwapFigures measure_swap(const std::filesystem::path& result, const std::filesystem::path& footage,
                         const std::filesystem::path& identity, const ModelSet& models,
                         const MeasureOptions& options);

}  // namespace resyncer::pipeline
