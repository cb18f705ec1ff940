// From a person's footage to a person file: samples from the analysis, training (train/personalize.h), and
// what a render gains by it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "resyncer/pipeline/measure.h"
#include "resyncer/pipeline/models.h"
#include "resyncer/pipeline/moment.h"
#include "resyncer/pipeline/progress.h"
#include "resyncer/track/face_tracker.h"

namespace resyncer::pipeline {

struct PersonalizeOptions {
  std::filesystem::path input;
  std::filesystem::path output;      // person file
  std::filesystem::path checkpoint;  // state to resume from; empty = none
  bool resume = false;
  track::FaceChoice face;
  track::TrackerOptions tracker;
  bool use_cache = true;
  std::filesystem::path cache_folder;  // empty = $XDG_CACHE_HOME/resyncer
  Moment until{2, true};               // what comes later is not used
  double minutes = 3;                  // of training
  std::int64_t steps = 0;              // 0 = no limit
  double held_out = 0.1;               // share of the footage, at its end, that is only measured on
  double learning_rate = 0;            // 0 = the trainer's
  std::uint64_t seed = 1;
  // What the training measures by the way; may be empty.
  std::function<void(std::int64_t step, double psnr, bool best)> measured;
};

struct PersonalizeReport {
  std::int64_t frames = 0, held_out_frames = 0;  // learned from; measured
  std::int64_t steps = 0, best_step = 0;
  PaintFigures before, after;  // as a render paints the held-out stretch
  // False: nothing that was learned paints it better, and the file changes nothing; `after` is what was
  // refused.
  bool improved = false;
};

// Throws Error{input} for footage that is too short, Error{face}, {model}, {output}, and {usage} for options
// that contradict each other. Stages of progress: "analyse", "read" (frames), "learn" (steps).
PersonalizeReport personalize(const PersonalizeOptions& options, const ModelSet& models,
                              const ProgressSink& progress = {});

// The person file for these options in the cache folder, which is made if need be; options.output is not
// looked at. Throws what personalize does, and Error{usage} without a cache.
std::filesystem::path personalize_cached(PersonalizeOptions options, const ModelSet& models,
                                         const ProgressSink& progress = {}, bool* from_cache = nullptr);

}  // namespace resyncer::pipeline
