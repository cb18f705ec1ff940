#pragma once

#include "resyncer/core/image.h"

namespace resyncer::eval {

// Rec. 601 luma of an RGB picture; a gray one as it is.
core::ImageF luma(const core::ImageF& image);

// Gradient of a luma picture by central differences, at a pixel that is not on the border.
inline float gradient_x(const core::ImageF& y, int u, int v) {
  return 0.5F * (y.at(u + 1, v) - y.at(u - 1, v));
}
inline float gradient_y(const core::ImageF& y, int u, int v) {
  return 0.5F * (y.at(u, v + 1) - y.at(u, v - 1));
}

}  // namespace resyncer::eval
