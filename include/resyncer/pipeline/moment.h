// Moments of a video as people name them.
#pragma once

#include <string>

#include "resyncer/pipeline/analysis.h"

namespace resyncer::pipeline {

struct Moment {
  double value = 0;  // seconds after the first frame, or a share of the whole, [0, 1]
  bool is_share = false;
};

// "12.5" (seconds) or "80%". Throws Error{usage}.
Moment parse_moment(const std::string& text);

// From a moment up to, and without, another.
struct Stretch {
  Moment from{0, true}, to{2, true};  // all of it
};
bool contains(const Stretch& stretch, const Analysis& analysis, std::int64_t frame);

}  // namespace resyncer::pipeline
