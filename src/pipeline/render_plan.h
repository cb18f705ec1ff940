// What is known before the first frame of a render is painted: the face, the pictures that lend, and the
// mouth of every frame.
#pragma once

#include <chrono>
#include <vector>

#include "pipeline/frame_painter.h"
#include "pipeline/steady_files.h"
#include "resyncer/pipeline/cache.h"

namespace resyncer::pipeline {

// Memory: about half a kB a frame, and the references.
struct RenderPlan {
  SteadyFiles inputs;  // video and speech, read twice
  mesh::FaceModel model;
  FittedFace face;
  References references;
  std::vector<FrameTask> tasks;  // one an output frame; params == null: the frame keeps its own pixels
  bool is_still = false;
};

using SteadyClock = std::chrono::steady_clock;  // of a render's stages
double seconds_since(SteadyClock::time_point start);

// How the videos of a job are analysed, and where their analyses are kept.
AnalysisOptions analysis_options(const RenderOptions& options);
CacheOptions cache_options(const RenderOptions& options);

// Analysis, fit and speech of a job. Throws Error{input, model, face}.
RenderPlan make_plan(const RenderOptions& options, const ModelSet& models, const ProgressSink& progress,
                     RenderReport* report);

}  // namespace resyncer::pipeline
