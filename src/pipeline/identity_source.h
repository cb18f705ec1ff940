// Who lends the face of a swap: pictures and videos of one person.
#pragma once

#include <filesystem>
#include <vector>

#include "resyncer/pipeline/analysis.h"
#include "resyncer/pipeline/cache.h"

namespace resyncer::pipeline {

struct IdentitySource {
  Eigen::VectorXf identity;
  References references;  // of all files
  Eigen::VectorXf rest;   // resting_expression
  mesh::Vertices misfit;  // mean_misfit
};

// The expression that a person's others are told from, of all frames together: the mouth where nobody speaks
// (rest_pose), the mean of brows and eyes; nearer to zeros the fewer frames tell it. `motion`: weights.
// Throws Error{model}.
Eigen::VectorXf resting_expression(const mesh::FaceModel& model, const std::vector<const FittedFace*>& faces,
                                   const std::filesystem::path& motion);

// Where the landmarks of all frames lie from the mesh that was fitted to them, mean, head coordinates without
// depth, cm, 68 x 3: what no coefficients of this person can say.
mesh::Vertices mean_misfit(const std::vector<const Analysis*>& analyses, const std::vector<FittedFace>& faces,
                           const mesh::FaceModel& model);

// `path`: as for identity_files. One identity is fitted to all; in each
// file the largest face counts. `motion`: weights. Throws Error{input} (nothing readable),
// Error{face} (no usable face), Error{model}.
IdentitySource load_identity(const std::filesystem::path& path, const mesh::FaceModel& model,
                             const std::filesystem::path& motion, const AnalysisOptions& options,
                             const CacheOptions& cache, const ProgressSink& progress);

// Reduces pictures that are far larger than the face will be painted, px a cm of the face, so that nothing of
// theirs is finer than the footage can show.
void limit_resolution(float px_per_cm, References* references);

}  // namespace resyncer::pipeline
