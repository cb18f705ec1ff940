// Private to generator.
#pragma once

#include <vector>

#include "resyncer/core/geometry.h"

namespace resyncer::generator {

// Convex hull, clockwise for the viewer (y down). Andrew's monotone chain. At least one point.
std::vector<core::Point2> convex_hull(std::vector<core::Point2> points);

}  // namespace resyncer::generator
