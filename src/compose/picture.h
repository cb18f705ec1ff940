// The compositor's work on bare planes: no libav, so that it is tested on plain memory.
#pragma once

#include <array>

#include "resyncer/compose/compositor.h"

namespace resyncer::compose {

struct Picture {
  media::PixelLayout layout;
  std::array<media::Plane, 3> planes;

  core::Box box() const { return {0, 0, layout.width, layout.height}; }
};

void match_colour(const Picture& picture, const MatchOptions& options, core::Patch* patch,
                  Workspace* workspace);
void composite(const core::Patch& patch, const Picture& picture, core::ImageU8* mask, Workspace* workspace);
void read_rgb(const Picture& picture, const core::Box& roi, core::ImageF* out, Workspace* workspace);

// Throws Error{internal} when the patch's images do not have the size of its roi.
void check(const core::Patch& patch);

}  // namespace resyncer::compose
