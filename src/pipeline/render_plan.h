// What is known before the first frame of a render is painted: when frames are shown, and the faces with
// their mouths.
#pragma once

#include <chrono>
#include <vector>

#include "pipeline/face_plan.h"
#include "pipeline/steady_files.h"
#include "pipeline/timeline.h"
#include "resyncer/pipeline/cache.h"

namespace resyncer::pipeline {

struct RenderPlan {
  SteadyFiles inputs;  // video, speech and its stem, all speakers' speech, read twice
  mesh::FaceModel model;
  Timeline timeline;
  std::vector<FacePlan> faces;  // one, or those who speak: none where all are narrators

  // Of output frames: how far any face is repainted; 0 = not at all.
  std::vector<float> weights() const;
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
