// From the painting (crop, 256 x 256) to a patch in the frame's own resolution: references are sampled again,
// from their full-resolution pixels, straight into the frame's grid; only weights and residual are
// interpolated.
#pragma once

#include "resyncer/core/patch.h"
#include "resyncer/generator/rewired_generator.h"

namespace resyncer::generator {

struct PatchInput {
  const Painting* painting = nullptr;        // null: the first reference alone (`--renderer warp`)
  core::Affine2 crop_from_frame;             // crop px from stored frame px
  const mesh::Vertices* target = nullptr;    // dense vertices of the new mesh, stored frame px
  std::vector<core::Point2> mask;            // polygon, stored frame px
  float feather = 0;                         // px
  std::vector<const Reference*> references;  // the same as in the guidance
  std::vector<float> trust;                  // likewise
  int frame_width = 0, frame_height = 0;     // stored
};

// Pixels that no reference covers get the residual over the mean of the others' colours; alpha is the
// feathered mask, cut to the frame.
void make_patch(const mesh::FaceModel& model, const PatchInput& input, GuidanceScratch* scratch,
                core::Patch* out);

}  // namespace resyncer::generator
