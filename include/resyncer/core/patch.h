#pragma once

#include "resyncer/core/geometry.h"
#include "resyncer/core/image.h"

namespace resyncer::core {

// New pixels for a part of a frame, in the frame's stored pixel grid.
struct Patch {
  Box roi;       // stored px; rgb and alpha have its size
  ImageF rgb;    // 3 channels, [0, 1], sRGB-encoded like the video
  ImageF alpha;  // 1 channel, [0, 1]; 0 = untouched
};

}  // namespace resyncer::core
