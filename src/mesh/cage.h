// Topology of the control cage (private to mesh): 68 landmarks, a skirt of 17 points round the jaw, extra
// points.
#pragma once

#include <Eigen/Core>
#include <utility>
#include <vector>

#include "resyncer/mesh/face_model.h"

namespace resyncer::mesh {

constexpr int kSkirtStart = 68, kSkirtCount = 17;

struct CagePoint {  // sum of weight * landmark, plus an offset in cm
  std::vector<std::pair<int, float>> terms;
  Eigen::Vector3f offset;
};
struct CageTriangle {
  Triangle vertices;  // counter-clockwise seen from outside
  Region region;
};

int cage_size();
std::vector<CagePoint> cage_points();
std::vector<CageTriangle> cage_triangles();
Eigen::Vector2f cage_uv(int vertex);  // frontal-cylindrical chart, [0, 1], v down

}  // namespace resyncer::mesh
