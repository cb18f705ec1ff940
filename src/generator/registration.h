// Where the frame's face lies from where the mesh says (private to generator).
#pragma once

#include "resyncer/generator/guidance.h"

namespace resyncer::generator {

// Of finished guidance: by how much (px of the crop, at most one) the mesh has to move so that the mean of
// the references fits the frame on the skin above the lips. The fit of a mesh to landmarks is off by
// fractions of a pixel, differently in every frame. Continuous in the pictures; 0 where they say nothing.
core::Point2 misplacement(const Guidance& guidance);

}  // namespace resyncer::generator
