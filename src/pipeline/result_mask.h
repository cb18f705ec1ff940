// Which pixels of a result are repainted ones: read from the renderer's own mask, or built again from the
// faces the way that the renderer builds it.
#pragma once

#include "pipeline/frame_painter.h"
#include "resyncer/media/video_frame.h"

namespace resyncer::pipeline {

struct FrameMask {
  core::Box roi;          // stored px, some px wider than the mask; empty without a face
  core::ImageF alpha;     // of the roi's size: 1 inside, 0 outside, soft between
  core::ImageU8 touched;  // of the picture's size: not 0 where a sample may have changed
};

// Nothing is touched.
void clear_mask(int width, int height, FrameMask* mask);

// A frame of render --mask-out. Throws Error{input} naming `path` unless it is 8-bit gray of the right size.
void take_mask(const media::VideoFrame& picture, const std::filesystem::path& path, int width, int height,
               FrameMask* mask);

// The result's mouth is known by the fit alone, so `touched` reaches 0.5 cm beyond the mask.
void rebuild_mask(const FrameMeshes& meshes, const core::Affine2& upright_from_stored, int width, int height,
                  FrameMask* mask);

}  // namespace resyncer::pipeline
