// What the lips of the largest face do in a video, as they are seen.
#pragma once

#include <filesystem>
#include <vector>

#include "resyncer/pipeline/measure.h"
#include "resyncer/pipeline/models.h"

namespace resyncer::pipeline {

struct LipRow {
  double seconds = 0;  // middle of the frame, after the first frame's start
  float opening = 0;   // mesh::lip_openness of the mouth that landmarks and picture tell, unsmoothed
  bool seen = false;   // false: no usable face, the opening is 0
};

struct LipTrace {
  std::vector<LipRow> rows;     // one a frame
  std::vector<float> identity;  // shape of the face (mesh::FaceModel), fitted to the whole video
};

// Throws Error{input, face}.
LipTrace measure_lips(const std::filesystem::path& clip, const ModelSet& models,
                      const MeasureOptions& options);

}  // namespace resyncer::pipeline
