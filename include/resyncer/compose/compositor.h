// The only place where a pixel of the user's video changes.
#pragma once

#include <vector>

#include "resyncer/core/light_field.h"
#include "resyncer/core/patch.h"
#include "resyncer/media/video_frame.h"

namespace resyncer::compose {

struct MatchOptions {
  float strength = 1;  // share of the correction that is applied; 0 = off
  float limit =
      0.08F;  // largest correction of a channel, of [0, 1]: what is more is another object, not light
};

// Memory kept from frame to frame, so that nothing is allocated per frame. One a thread; its content means
// nothing between calls. Without one the functions below allocate.
struct Workspace {
  std::vector<float> rows;
  core::LightField light;
};

// Takes the colour difference between patch and frame along the rim of the mask and spreads it smoothly over
// the patch (a membrane on a grid of at most 64 x 64 cells), so that no step is left at the edge. The rim is
// the outer half of the feather (0 < alpha < 0.5), or the pixels beside alpha 0 where there is no feather.
// Differences beyond `limit` hardly count; dark pixels (the inside of the mouth) get less, as from a gain, so
// that black stays black.
void match_colour(const media::VideoFrame& frame, const MatchOptions& options, core::Patch* patch,
                  Workspace* workspace = nullptr);

// Blends the patch into the frame in the frame's own pixel format: YCbCr, gray or RGB, 8-16 bit, any chroma
// subsampling. A sample changes only where the (chroma: averaged) alpha is not 0. `mask`, if given, becomes
// the frame-sized 8-bit map of what may have changed: 0 exactly where no sample of any plane was written,
// else about 255 alpha. A roi that leaves the frame is cut off.
void composite(const core::Patch& patch, media::VideoFrame* frame, core::ImageU8* mask = nullptr,
               Workspace* workspace = nullptr);

// RGB [0, 1] of the frame's stored pixels inside `roi` (must lie inside the frame). composite of this very
// RGB gives the frame back (exactly inside the RGB gamut): its chroma interpolation is the inverse of
// composite's averaging.
void read_rgb(const media::VideoFrame& frame, const core::Box& roi, core::ImageF* out,
              Workspace* workspace = nullptr);

}  // namespace resyncer::compose
