// A schematic 68-point face for tests that need no pictures: about 100 px wide, centred at (200, 200).
#pragma once

#include <cmath>

#include "resyncer/core/face.h"

namespace resyncer::track {

inline core::Landmarks schematic_face(float mouth_open = 0) {
  core::Landmarks p;
  auto arc = [&p](int first, int end, float cx, float cy, float rx, float ry, float from, float to) {
    for (int i = first; i < end; ++i) {
      float a = from + (to - from) * float(i - first) / float(end - first - 1);
      p[i] = {200 + cx + rx * std::cos(a), 200 + cy + ry * std::sin(a)};
    }
  };
  const float pi = 3.14159265F;
  arc(0, 17, 0, -10, 50, 70, pi, 0);
  arc(17, 22, -25, -25, 18, 8, pi, 2 * pi);
  arc(22, 27, 25, -25, 18, 8, pi, 2 * pi);
  for (int i = 27; i < 31; ++i) p[i] = {200, 185 + 8 * float(i - 27)};
  arc(31, 36, 0, 12, 12, 5, pi, 0);
  arc(36, 42, -22, -15, 10, 4, -pi, 2 * pi / 3);
  arc(42, 48, 22, -15, 10, 4, -pi, 2 * pi / 3);
  arc(48, 60, 0, 32, 20, 8 + mouth_open / 2, -pi, pi * 5 / 6);
  arc(60, 68, 0, 32, 15, 1 + mouth_open / 2, -pi, pi * 3 / 4);
  return p;
}

inline core::FaceObservation schematic_observation(core::Point2 shift = {0, 0}, float mouth_open = 0) {
  core::FaceObservation o;
  o.landmarks = schematic_face(mouth_open);
  for (auto& p : o.landmarks) p += shift;
  o.box = {int(150 + shift.x()), int(150 + shift.y()), int(250 + shift.x()), int(250 + shift.y())};
  o.score = 1;
  return o;
}

}  // namespace resyncer::track
