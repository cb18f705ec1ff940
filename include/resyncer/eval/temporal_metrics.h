// Figures of what pictures do from frame to frame.
#pragma once

#include "resyncer/core/image.h"

namespace resyncer::eval {

// Energy of the temporal high-pass: mean over the mask of (before - 2 now + after)^2 of the luma, of [0, 1].
// Steady motion of smooth shading has hardly any, flicker has much. Pictures of one size, a frame apart, best
// seen through a window that goes along with the head.
double high_pass_energy(const core::ImageF& before, const core::ImageF& now, const core::ImageF& after,
                        const core::ImageF& mask);

}  // namespace resyncer::eval
