// The subdivision as the face model holds it, and by itself on small meshes.
#include "mesh/subdivision.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace resyncer::mesh {
namespace {

using Matrix = Eigen::SparseMatrix<float, Eigen::RowMajor>;

// A grid of (n+1)^2 vertices, two triangles a cell: valence 6 inside.
Topology grid(int n) {
  Topology mesh;
  mesh.vertices = (n + 1) * (n + 1);
  for (int y = 0; y < n; ++y)
    for (int x = 0; x < n; ++x) {
      int a = y * (n + 1) + x, b = a + 1, c = a + n + 1, d = c + 1;
      mesh.triangles.push_back({a, b, d});
      mesh.triangles.push_back({a, d, c});
    }
  mesh.regions.assign(mesh.triangles.size(), Region::skin);
  return mesh;
}

// A closed surface with vertices of valence 4.
Topology octahedron() {
  Topology mesh;
  mesh.vertices = 6;
  mesh.triangles = {{0, 1, 2}, {0, 2, 3}, {0, 3, 4}, {0, 4, 1}, {5, 2, 1}, {5, 3, 2}, {5, 4, 3}, {5, 1, 4}};
  mesh.regions.assign(8, Region::skin);
  return mesh;
}

TEST(Subdivision, CountsFollowEuler) {
  Matrix matrix;
  Topology fine = subdivide(grid(4), &matrix);
  EXPECT_EQ(fine.triangles.size(), 4 * grid(4).triangles.size());
  EXPECT_EQ(fine.vertices, 9 * 9);
  EXPECT_EQ(subdivide(octahedron(), &matrix).vertices, 6 + 12);
}

TEST(Subdivision, KeepsOldVerticesAndReproducesConstants) {
  for (const Topology& mesh : {grid(5), octahedron()}) {
    Matrix matrix;
    subdivide(mesh, &matrix);
    Eigen::MatrixXf dense(matrix);
    EXPECT_TRUE(dense.topRows(mesh.vertices).isIdentity(0));
    EXPECT_LT((dense.rowwise().sum().array() - 1).abs().maxCoeff(), 1e-5F);
  }
}

TEST(Subdivision, ReproducesPlanesUpToTheBorder) {
  const int n = 6;
  Topology mesh = grid(n);
  Eigen::MatrixXf position(mesh.vertices, 2);
  for (int v = 0; v < mesh.vertices; ++v) position.row(v) << float(v % (n + 1)), float(v / (n + 1));
  Matrix matrix;
  Topology fine = subdivide(mesh, &matrix);
  Eigen::MatrixXf refined = matrix * position;
  // Every inner new vertex of a regular grid lies on the half-integer grid; corners of the border may be
  // drawn in by the four-point rule round the corner, by at most an eighth of an edge.
  for (int v = mesh.vertices; v < fine.vertices; ++v) {
    Eigen::Vector2f twice = 2 * refined.row(v).transpose();
    Eigen::Vector2f off = twice - twice.array().round().matrix();
    bool at_corner =
        (refined(v, 0) < 1 || refined(v, 0) > n - 1) && (refined(v, 1) < 1 || refined(v, 1) > n - 1);
    EXPECT_LE(off.cwiseAbs().maxCoeff(), at_corner ? 0.26F : 1e-4F) << refined.row(v);
  }
}

TEST(Subdivision, RoundsASphere) {
  Topology mesh = octahedron();
  Eigen::MatrixXf position(6, 3);
  position << 0, 0, 1, 1, 0, 0, 0, 1, 0, -1, 0, 0, 0, -1, 0, 0, 0, -1;
  float smallest = 1;
  for (int round = 0; round < 2; ++round) {
    Matrix matrix;
    mesh = subdivide(mesh, &matrix);
    position = (matrix * position).eval();
  }
  smallest = position.rowwise().norm().minCoeff();
  EXPECT_GT(smallest, 0.72F);  // linear subdivision would leave 0.577
  EXPECT_LT(position.rowwise().norm().maxCoeff(), 1.1F);
}

// The lips' edge is a curve of its own: what lies in the mouth does not bend the skin.
TEST(Subdivision, MouthFillDoesNotTouchTheSkin) {
  const int n = 6;
  Topology mesh = grid(n);
  for (std::size_t i = 0; i < mesh.regions.size(); ++i) {
    int x = int(i / 2) % n, y = int(i / 2) / n;
    if (x >= 2 && x < 4 && y >= 2 && y < 4) mesh.regions[i] = Region::mouth;
  }
  const int centre = 3 * (n + 1) + 3;  // the only vertex inside the mouth
  Matrix matrix;
  Topology fine = subdivide(mesh, &matrix);
  Eigen::MatrixXf dense(matrix);
  for (std::size_t i = 0; i < fine.triangles.size(); ++i) {
    if (fine.regions[i] == Region::mouth) continue;
    for (int v : fine.triangles[i]) EXPECT_EQ(dense(v, centre), 0.F);
  }
}

}  // namespace
}  // namespace resyncer::mesh
