#include "pipeline/face_picture.h"

#include "resyncer/identity/recogniser.h"
#include "resyncer/pipeline/reference_bank.h"

namespace resyncer::pipeline {

core::ImageU8 face_picture(const media::VideoFrame& frame, const core::Affine2& upright_from_stored,
                           const core::Landmarks& landmarks, core::ImageU8* scratch) {
  core::ImageU8 rgb, gray(identity::kFacePicture, identity::kFacePicture, 1);
  take_crop(frame, upright_from_stored, identity::picture_from_frame(landmarks), identity::kFacePicture,
            scratch, &rgb);
  for (std::size_t i = 0; i < gray.data.size(); ++i)
    gray.data[i] = std::uint8_t(
        (rgb.data[3 * i] * 77 + rgb.data[3 * i + 1] * 150 + rgb.data[3 * i + 2] * 29 + 128) >> 8);
  return gray;
}

}  // namespace resyncer::pipeline
