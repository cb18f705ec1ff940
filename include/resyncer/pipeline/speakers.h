// Who speaks when, where more than one person does (docs/speakers.md).
#pragma once

#include <filesystem>
#include <optional>

#include "resyncer/pipeline/mouth_controls.h"
#include "resyncer/track/face_tracker.h"

namespace resyncer::pipeline {

struct Speaker {
  TimeRange range;                        // the speech begins with it, and moves no lips after it
  std::optional<track::FaceChoice> face;  // nullopt: a narrator who is not in the picture
  std::filesystem::path speech;           // this voice alone; may be empty for a narrator
};

}  // namespace resyncer::pipeline
