// The colours of a followed face in one frame, at places that its landmarks name.
#pragma once

#include <array>
#include <cstdint>

#include "resyncer/core/face.h"
#include "resyncer/core/image.h"
#include "resyncer/media/video_frame.h"

namespace resyncer::pipeline {

constexpr int kUpperPlaces = 19;  // between brows and nose: what hands and microphones leave free
constexpr int kLowerPlaces = 46;  // from the nose to the jaw, lips and chin
constexpr int kPlaces = kUpperPlaces + kLowerPlaces;  // the upper ones come first
constexpr int kPoses = 4;

struct FaceLook {
  std::array<std::uint8_t, kPlaces * 3> colours{};  // R, G, B, means over a 28th of the face's size
  std::array<float, kPoses> pose{};                 // yaw, pitch, mouth's opening and width, in face units
};

// Where the places are; px of the landmarks.
std::array<core::Point2, kPlaces> places_of_look(const core::Landmarks& landmarks);

// `landmarks` in upright full-resolution px; where they lie outside, the frame's edge is repeated. `scratch`
// is kept from frame to frame.
FaceLook look_at(const media::VideoFrame& picture, const core::Affine2& upright_from_stored,
                 const core::Landmarks& landmarks, core::ImageU8* scratch);

}  // namespace resyncer::pipeline
