// How a face's skin is lit in a picture (private to generator): its colour as spherical harmonics of the
// second order of the normals (Ramamoorthi & Hanrahan 2001; Basri & Jacobs 2003), in the logarithm, so that
// tone and light are one sum. Fitted robustly: hair, beards and what hides the face do not count.
#pragma once

#include <Eigen/Core>
#include <optional>

#include "resyncer/core/image.h"
#include "resyncer/mesh/face_model.h"

namespace resyncer::generator {

constexpr int kHarmonics = 9;
using SkinLight = Eigen::Matrix<float, kHarmonics, 3>;  // of R, G, B
constexpr float kDark = 0.02F;                          // added to a colour before its logarithm

// V: 1 on the skin of forehead, nose, cheeks and chin; 0 on brows, eyes, mouth and outline.
Eigen::VectorXf skin_share(const mesh::FaceModel& model);

// Whether `inside` is above 0 all over a square, as far as its corners, the middles of its edges and its own
// middle tell: a patch is black where its mask is 0.
bool is_painted(const core::ImageF& inside, int left, int top, int side);

// Unit normals of projected vertices, to the viewer (z < 0) where they are seen.
mesh::Vertices normals(const mesh::FaceModel& model, const mesh::Vertices& dense);

// V x 3: logarithm of the skin's colour at every vertex.
mesh::Vertices skin_colours(const SkinLight& light, const mesh::Vertices& normals);

// `dense`: px of the picture. `inside`: [0, 1], where the picture counts (one channel). Nothing where too
// little skin is seen.
std::optional<SkinLight> fit_skin_light(const mesh::FaceModel& model, const mesh::Vertices& dense,
                                        const mesh::Vertices& normals, const core::ImageF& rgb,
                                        const core::ImageF& inside);

}  // namespace resyncer::generator
