// Interpolating subdivision (modified butterfly: Zorin, Schroeder, Sweldens 1996), private to mesh. Surfaces
// of different `surface` share vertices but not smoothness: an edge between them is a boundary for both.
#pragma once

#include <Eigen/SparseCore>
#include <utility>
#include <vector>

#include "resyncer/mesh/face_model.h"

namespace resyncer::mesh {

struct Topology {
  int vertices = 0;
  std::vector<Triangle> triangles;
  std::vector<Region> regions;  // one a triangle
  // The ends of the edges that the last vertices were made on; empty in a mesh that was not subdivided.
  std::vector<std::pair<int, int>> edges;
};

// One round: every edge gets a point, every triangle becomes four. Old vertices keep their indices. The
// matrix is (new vertices) x (old vertices).
Topology subdivide(const Topology& coarse, Eigen::SparseMatrix<float, Eigen::RowMajor>* matrix);

}  // namespace resyncer::mesh
