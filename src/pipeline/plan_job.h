// What a render's plan is made from, and the steps that one speaker and several have in common.
#pragma once

#include <string>
#include <vector>

#include "pipeline/driven_motion.h"
#include "pipeline/render_plan.h"
#include "resyncer/media/video_reader.h"

namespace resyncer::pipeline {

constexpr int kFadeFrames = 5;  // between new and old mouth

struct PlanJob {
  const RenderOptions& options;
  const ModelSet& models;
  const AnalysisOptions& how;  // further clips are analysed: drivers and those that styles are taken from
  const CacheOptions& cache;
  const ProgressSink& progress;
  const media::VideoInfo& info;
  Analysis* analysis;
  RenderReport* report;
};

// The chosen person with their pictures. `place` names who asked. Throws Error{face}.
FacePlan find_face(const PlanJob& job, const mesh::FaceModel& model, const track::FaceChoice& choice,
                   OtherPictures others, const std::string& place);

// As the driver's mouth moves, else as the speech tells.
motion::MotionTrack motion_of(const PlanJob& job, const std::filesystem::path& speech,
                              const DrivenMouth& mouth);

// Frames a second.
double mean_rate(const std::vector<double>& times);

std::vector<float> least(std::vector<float> a, const std::vector<float>& b);

}  // namespace resyncer::pipeline
