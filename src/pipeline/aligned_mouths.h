// The mouths of a whole clip fitted to its pictures as well as to landmarks.
#pragma once

#include <filesystem>

#include "resyncer/pipeline/analysis.h"

namespace resyncer::pipeline {

// Replaces the coefficients of speech of every frame in which the face is seen by the mean of what landmarks say
// and what the picture says (generator/mouth_alignment.h). Landmarks tremble by a good part of what lips move that
// hardly move; pictures that are small or soft mislead the alignment; their errors have little in common. Reads the video again, and takes the
// bank's pictures out of the analysis. Throws Error{input} where the video is not what it was.
void align_mouths(const std::filesystem::path& video, const mesh::FaceModel& model, Analysis* analysis,
                  FittedFace* face);

}  // namespace resyncer::pipeline
