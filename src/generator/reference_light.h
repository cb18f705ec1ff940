// Gives the warped references the light of the frame that they are to complete (private to generator).
#pragma once

#include "resyncer/generator/guidance.h"
#include "resyncer/generator/rewired_generator.h"

namespace resyncer::generator {

// Compares every reference with the frame where both are known, round the hole, spreads the difference over
// the hole, and adds it to the reference's planes; what was added is kept in guidance->light. `box`: where
// references are written.
void match_light(const core::Box& box, GuidanceScratch* scratch, Guidance* guidance);

// What the light adds to a painting that blends the references as they are: sum_k weight_k * light_k goes
// into the residual.
void add_light(const Guidance& guidance, Painting* painting);

}  // namespace resyncer::generator
