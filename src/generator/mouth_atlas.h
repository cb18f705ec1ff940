// One canonical mouth that all pictures of a person's mouth are brought to through their meshes (private to
// generator): a grid of points of the face, seen from the front.
#pragma once

#include <Eigen/Core>

#include "resyncer/generator/mouth_alignment.h"

namespace resyncer::generator {

// Points: row by row over the grid. Motion: cm of the head that they move by a coefficient of speech.
struct MouthAtlas {
  Eigen::Index width = 0, height = 0;
  Eigen::ArrayXf weight;      // how much a point says of the mouth, [0, 1]; 0 where there is no mesh
  mesh::Vertices place;       // of the points without expression, cm of the head
  Eigen::MatrixXf motion[3];  // x, y, z: points x coefficients
  Eigen::MatrixXf blur_across, blur_down;  // Gaussian, not normalised
  Eigen::ArrayXXf covered;                 // height x width: blurred weight of points with a mesh
  Eigen::ArrayXf has_mesh;                 // 0 or 1
};

// `expression`: of speech, the mean of the mouths that will be seen.
MouthAtlas make_mouth_atlas(const mesh::FaceModel& model, const Eigen::VectorXf& identity,
                            const Eigen::VectorXf& expression);

// A mouth as the atlas sees it. Columns: red, green, blue, [0, 1].
struct MouthTexture {
  Eigen::ArrayX3f detail;            // colours without what is coarser than half a cm: light
  Eigen::ArrayX3f slope_x, slope_y;  // of the colours, a px of the picture
};

// `speech`: the coefficients that place the points.
MouthTexture sample_mouth(const MouthAtlas& atlas, const MouthView& view, const Eigen::VectorXf& speech);

// By how many px of the picture points move to the right and down, a coefficient: points x coefficients.
struct PictureMotion {
  Eigen::MatrixXf x, y;
};
PictureMotion picture_motion(const MouthAtlas& atlas, const MouthView& view);

}  // namespace resyncer::generator
