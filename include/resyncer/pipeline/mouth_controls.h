// What the user asks of the mouth beyond the words (docs/control.md).
#pragma once

#include <filesystem>
#include <limits>
#include <vector>

#include "resyncer/motion/curve.h"

namespace resyncer::pipeline {

struct TimeRange {
  double start = 0, end = 0;  // seconds after the first frame, half-open
};

struct MouthControls {
  // Over the seconds after the first frame; motion/controls.h says what they do.
  motion::Curve gain{1}, jaw_max{std::numeric_limits<float>::infinity()}, smooth{0};
  motion::Curve offset_ms{0};       // above 0: the mouth comes later than the sound
  bool keep_source_offset = false;  // in place of offset_ms: measured on the source
  bool still_head = false;          // refused for video, whose head moves with its picture
  std::vector<TimeRange> ranges;    // only frames whose middle is in one are repainted; empty = all
  std::filesystem::path motion_in, motion_out;  // .json or .pc2 (motion/motion_file.h); empty = none
};

}  // namespace resyncer::pipeline
