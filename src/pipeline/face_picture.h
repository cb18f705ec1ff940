// The pictures that the identity network looks at.
#pragma once

#include "resyncer/core/face.h"
#include "resyncer/core/image.h"
#include "resyncer/media/video_frame.h"

namespace resyncer::pipeline {

// Gray, identity::kFacePicture px a side. `landmarks`: upright px. `scratch` is kept from frame to frame.
core::ImageU8 face_picture(const media::VideoFrame& frame, const core::Affine2& upright_from_stored,
                           const core::Landmarks& landmarks, core::ImageU8* scratch);

}  // namespace resyncer::pipeline
