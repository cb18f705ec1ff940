// Thumbnails for finding shot cuts.
#pragma once

#include <opencv2/core/mat.hpp>

#include "resyncer/core/image.h"

namespace resyncer::track {

// Gray thumbnail of at most 64 px.
core::ImageU8 make_thumbnail(const cv::Mat& gray);

// True for frames without content: black, white or one flat tone (fades, flashes).
bool is_blank(const core::ImageU8& thumbnail);

}  // namespace resyncer::track
