// Video-driven lip-sync: another person's mouth instead of a guess from speech.
#pragma once

#include <filesystem>

#include "pipeline/mouth_plan.h"
#include "resyncer/pipeline/cache.h"
#include "resyncer/pipeline/models.h"
#include "resyncer/pipeline/progress.h"

namespace resyncer::pipeline {

// Whose mouth is driven.
struct DrivenMouth {
  const mesh::FaceModel& model;
  const motion::Coefficients& own;  // style_window
  const RestingMouth& rest;
};

// The motion of the largest face of `driver` on that mouth, from the start of `speech` on: of the driver's
// own sound when that is the speech, else of its first frame. Where the driver's face is not seen the mouth
// is at rest. Throws Error{input, face, model}.
motion::MotionTrack driven_motion(const std::filesystem::path& driver, const std::filesystem::path& speech,
                                  const DrivenMouth& mouth, const ModelSet& models,
                                  const AnalysisOptions& analysis, const CacheOptions& cache,
                                  const ProgressSink& progress);

}  // namespace resyncer::pipeline
