// A separable mean (private to generator).
#pragma once

#include <vector>

#include "resyncer/core/image.h"

namespace resyncer::generator {

// Mean over (2 reach + 1)^2 pixels, of every channel; beyond its edges is 0. `line` is scratch.
void box_blur(int reach, core::ImageF* image, std::vector<float>* line);

}  // namespace resyncer::generator
