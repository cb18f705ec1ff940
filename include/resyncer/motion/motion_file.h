// The motion of a mouth as a file: to look at it, to correct it by hand, and to render it again. Row i is the
// mouth of frame i of the video.
//
// JSON, exact: {"kind": "resyncer-motion", "version": 1, "face_model": SHA-256 of the face model's file,
// "rate": frames a second, "rest": [coefficients], "expression": [[coefficients], ...]}, the coordinates of
// motion::Coefficients with nine significant digits, one row a line.
//
// PC2 (PointCache2, what Blender's Mesh Cache modifier reads), little-endian: "POINTCACHE2\0", int32 version
// 1, int32 vertices, float start 0, float frames a sample 1, int32 samples, then x, y, z of every vertex as
// float, sample by sample. Vertices: the control vertices of this person's face in head coordinates
// (centimetres, x to the subject's left, y up, z out of the face), brows and eyes at rest.
#pragma once

#include <Eigen/Core>
#include <filesystem>
#include <string>

#include "resyncer/mesh/face_model.h"
#include "resyncer/motion/sync_former.h"

namespace resyncer::motion {

constexpr float kMostCoefficient = 50;  // a read motion has none beyond; speech stays within a few

struct Motion {
  std::string face_model;  // SHA-256 of its file
  double rate = 0;         // frames a second, the mean where it varies
  Eigen::VectorXf rest;
  Coefficients expression;
};

void write_motion(const std::filesystem::path& path, const Motion& motion);  // throws Error{output}

// What a motion must fit to be read.
struct MotionShape {
  std::string face_model;
  Eigen::Index rows = 0, coefficients = 0;
};
// Throws Error{input} for a file that is damaged, or of another face model or length.
Motion read_motion(const std::filesystem::path& path, const MotionShape& shape);

// The PC2 file, and beside it the face at rest with the same vertices as FILE.obj (mouth open: no triangles
// between the lips). Throws Error{output}.
void write_point_cache(const std::filesystem::path& path, const mesh::FaceModel& model,
                       const Eigen::VectorXf& identity, const Coefficients& expression);

struct PointCacheMotion {
  Coefficients expression;
  float misfit = 0;  // cm: the farthest that a vertex lies from what the speech expressions can do
};
// The speech expressions nearest to the vertices, by least squares. Start and rate of the file mean nothing.
// Throws Error{input} for a file that is damaged, of another length, or not of this face: where a frame's
// vertices are on average (RMS) more than a centimetre from any expression.
PointCacheMotion read_point_cache(const std::filesystem::path& path, const mesh::FaceModel& model,
                                  const Eigen::VectorXf& identity, Eigen::Index rows);

}  // namespace resyncer::motion
