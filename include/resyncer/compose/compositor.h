// The only place where a pixel of the user's video changes.
#pragma once

#include "resyncer/core/patch.h"
#include "resyncer/media/video_frame.h"

namespace resyncer::compose {

struct MatchOptions {
  float strength = 1;  // 0 = off
};

// Takes the colour difference between patch and frame along the rim of the mask and spreads it smoothly over the patch
// (push-pull membrane on a small grid), so that no step is left at the edge.
void match_colour(const media::VideoFrame& frame, const MatchOptions& options, core::Patch* patch);

// Blends the patch into the frame in the frame's own pixel format: YCbCr or RGB, 8-16 bit, any chroma subsampling. A sample
// changes only where the (chroma: averaged) alpha is not 0. `mask`, if given, is the frame-sized 8-bit map of what may have
// changed: 0 exactly where no sample of any plane was written.
void composite(const core::Patch& patch, media::VideoFrame* frame, core::ImageU8* mask = nullptr);

// RGB [0, 1] of the frame's stored pixels inside `roi` (must lie inside the frame).
void read_rgb(const media::VideoFrame& frame, const core::Box& roi, core::ImageF* out);

}  // namespace resyncer::compose
