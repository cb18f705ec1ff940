// Whether the border of what was repainted can be seen.
#pragma once

#include "resyncer/core/image.h"

namespace resyncer::eval {

// Where a seam would be, and the skin to hold against it. `edge`: where alpha is neither 0 nor 1, or jumps,
// and 1 % of the mask's width beyond. `beside`: the untouched and the fully repainted pixels within 4 % of
// the mask's width of the edge. Both are 0 or 1.
struct SeamZones {
  core::ImageF edge, beside;
};

// `alpha`: 1 inside the mask, 0 outside, soft between or not. It should reach seam_reach() px beyond the mask
// where the picture does.
SeamZones seam_zones(const core::ImageF& alpha);
int seam_reach(int mask_width);

// Mean length of the luma's gradient in the edge zone over the mean beside it; both are raised by half a code
// of 255, so that a flat picture has 1.
double edge_prominence(const core::ImageF& image, const SeamZones& zones);

// Prominence in the result over prominence in the source: 1 = none, more = a seam, less = the edge is
// smoother than the skin was.
double seam_ratio(const core::ImageF& result, const core::ImageF& source, const SeamZones& zones);

}  // namespace resyncer::eval
