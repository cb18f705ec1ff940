// How good a rendered video is: against the video it was made from, and against real footage of the speech.
#pragma once

#include <filesystem>

#include "resyncer/pipeline/models.h"
#include "resyncer/pipeline/progress.h"
#include "resyncer/pipeline/report.h"
#include "resyncer/track/face_tracker.h"

namespace resyncer::pipeline {

struct ResultFiles {
  std::filesystem::path result, speech;
  std::filesystem::path source;  // what it was rendered from, a still picture too; empty = not known
  std::filesystem::path real;    // the speaker saying the speech; empty = none
  std::filesystem::path mask;    // gray video of render --mask-out; empty = rebuilt from the faces
};

struct ResultOptions {
  std::filesystem::path cache;  // folder of analyses; empty = none
  track::FaceChoice face;
  track::TrackerOptions tracker;
  bool film = false;  // take pictures for report_html
};

// Reads every video twice, frame by frame; memory grows by some kB a frame. Real footage with as many frames
// of the result's size is compared picture by picture, other footage by its lips alone, frame to frame
// nearest in time. Throws Error{input} for files that are unreadable or no result of their source,
// Error{face} when a video shows none.
Report measure_result(const ResultFiles& files, const ModelSet& models, const ResultOptions& options,
                      const ProgressSink& progress = {});

}  // namespace resyncer::pipeline
