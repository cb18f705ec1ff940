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

}  // namespace resyncer::pipeline
