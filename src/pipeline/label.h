// The label that altered frames show their viewers.
#pragma once

#include <string>

#include "resyncer/compose/compositor.h"
#include "resyncer/core/patch.h"

namespace resyncer::pipeline {

// The label in stored pixels, upright for the viewer: white on a translucent dark box, at the lower left
// inside EBU R 95's graphics safe area, its letters some 1/30 of the upright picture's height, less where the
// text is long. The font is what fontconfig finds for its characters. Empty text: empty patch. Throws
// Error{usage}: no UTF-8, control characters, a character that no font has, or too long for the picture.
core::Patch label_patch(const std::string& text, int stored_width, int stored_height,
                        const core::Affine2& upright_from_stored);

// Draws it and adds its pixels to `mask`, if given (compose::composite). Nothing for an empty label.
void draw_label(const core::Patch& label, media::VideoFrame* frame, core::ImageU8* mask,
                compose::Workspace* workspace);

}  // namespace resyncer::pipeline
