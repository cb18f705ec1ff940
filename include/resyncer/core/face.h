// What the tracker says of a face in one frame, in upright frame coordinates (square pixels, rotation
// undone).
#pragma once

#include <array>

#include "resyncer/core/geometry.h"

namespace resyncer::core {

constexpr int kLandmarks = 68;
// The 68 points of iBUG 300-W in dlib's order: jaw 0-16, brows 17-26, nose 27-35, eyes 36-47, outer lip
// 48-59, inner lip 60-67. "Left" and "right" are the viewer's in index order; pixel coordinates.
using Landmarks = std::array<Point2, kLandmarks>;

struct FaceObservation {
  Box box;              // face box, px
  Landmarks landmarks;  // px
  float score = 0;      // confidence in [0, 1]; below about 0.3 the face should not be repainted
};

// Distance between the outer corners of the eyes (points 36 and 45), px: the unit of all face errors (300-W).
inline float inter_ocular_distance(const Landmarks& p) { return (p[36] - p[45]).norm(); }

// Height of the inner lips (62-66) over the width of the inner mouth (60-64): 0 = shut.
inline float mouth_openness(const Landmarks& p) {
  float width = (p[60] - p[64]).norm();
  return width > 0 ? (p[62] - p[66]).norm() / width : 0.F;
}

}  // namespace resyncer::core
