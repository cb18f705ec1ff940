// Gives the warped references the light of the frame that they are to complete (private to generator).
#pragma once

#include "resyncer/generator/guidance.h"

namespace resyncer::generator {

// Compares every reference with the frame where both are known, round the hole, spreads the difference over
// the hole, and adds it to the reference's planes; what was added is kept in guidance->light. `box`: where
// references are written.
void match_light(const core::Box& box, GuidanceScratch* scratch, Guidance* guidance);

}  // namespace resyncer::generator
