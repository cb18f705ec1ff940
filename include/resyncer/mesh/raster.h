// A small scan-line rasterizer: z-buffer, smooth normals, one fixed white light. Top-left fill rule: a pixel
// whose centre lies on an edge shared by two triangles is covered exactly once.
#pragma once

#include "resyncer/core/geometry.h"
#include "resyncer/core/image.h"
#include "resyncer/mesh/face_model.h"

namespace resyncer::mesh {

struct Raster {
  core::ImageI32 triangle;   // index of the visible triangle, -1 = none
  core::ImageF barycentric;  // 2 channels: weights of vertices 1 and 2 (vertex 0 has the rest)
  core::ImageF depth;        // px, as project() gives it; +infinity where empty
};

// `vertices`: dense, px in the raster's own coordinates (x, y) and depth. Triangles seen from behind are not
// drawn; nor are those with a vertex that is not finite or beyond 1e6 px. Memory of `out` is reused.
void rasterize(const FaceModel& model, const Vertices& vertices, int width, int height, Raster* out);

// Plain white mesh: Lambert with a head light, [0, 1]; 0 where empty, in the open mouth (Region::mouth)
// and in the skirt.
void shade(const FaceModel& model, const Vertices& vertices, const Raster& raster, core::ImageF* out);

// For every covered pixel the interpolated 2-vector attribute of the vertices (V x 2, e.g. UV, or the
// positions of the same vertices in another picture: a warp field). Uncovered pixels get NaN.
void interpolate(const FaceModel& model, const Raster& raster,
                 const Eigen::Matrix<float, Eigen::Dynamic, 2, Eigen::RowMajor>& attribute,
                 core::ImageF* out);

// Samples `source` bilinearly at the positions of `field` (2 channels, px of the source). Pixels with NaN, or
// outside the source, become 0 and have 0 in `valid` (may be null).
void warp(const core::ImageU8& source, const core::ImageF& field, core::ImageF* out, core::ImageF* valid);

}  // namespace resyncer::mesh
