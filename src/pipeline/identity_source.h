// Who lends the face of a swap: pictures and videos of one person.
#pragma once

#include <filesystem>

#include "resyncer/pipeline/analysis.h"
#include "resyncer/pipeline/cache.h"

namespace resyncer::pipeline {

struct IdentitySource {
  Eigen::VectorXf identity;
  References references;  // of all files
  Eigen::VectorXf rest;   // usual expression: zeros where too few frames tell it
};

// `path`: a picture, a video, or a folder of them (not its subfolders). One identity is fitted to all; in each
// file the largest face counts. Throws Error{input} (nothing readable), Error{face} (no usable face).
IdentitySource load_identity(const std::filesystem::path& path, const mesh::FaceModel& model,
                             const AnalysisOptions& options, const CacheOptions& cache,
                             const ProgressSink& progress);

// Reduces pictures that are far larger than the face will be painted, px a cm of the face, so that nothing of
// theirs is finer than the footage can show.
void limit_resolution(float px_per_cm, References* references);

}  // namespace resyncer::pipeline
