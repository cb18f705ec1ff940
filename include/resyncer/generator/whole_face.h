// A whole face in the place of another: the parts of a face swap that know of pictures and meshes only.
// `own` is the person of the footage, `other` the one who lends the face.
#pragma once

#include <array>
#include <vector>

#include "resyncer/core/patch.h"
#include "resyncer/generator/guidance.h"
#include "resyncer/generator/rewired_generator.h"
#include "resyncer/mesh/face_model.h"

namespace resyncer::generator {

// Control vertices (head, cm) of the face that is painted, at rest: the features of the other one, brought to
// the own one's size and place, within the own one's outline, so that jaw, temples and hairline stay where
// the footage shows them. `own`, `other`: both faces at rest.
mesh::Vertices swapped_face(const mesh::FaceModel& model, const mesh::Vertices& own,
                            const mesh::Vertices& other);

// The mask of a whole face: from the middle of the forehead to the chin, inside the outline of a face with
// these projected control vertices. Convex polygon in px, closed; empty when a vertex is not finite.
std::vector<core::Point2> whole_face_polygon(const mesh::Vertices& control);

// The picture in a mirror, with the mesh of the mirrored face in it.
Reference mirrored(const mesh::FaceModel& model, const Reference& reference);

// What the network would answer that follows the references' trust alone (PatchInput::painting).
Painting trusting_painting(const std::vector<float>& trust);

// The frame under the patch, and its face as it is there.
struct OwnFace {
  const core::ImageF* rgb = nullptr;      // of the patch's roi
  const mesh::Vertices* dense = nullptr;  // stored px of the frame
  std::array<float, 2> shut = {0, 0};     // the lids: 0 as at rest, 1 shut; the subject's right eye first
};

// How far skin is seen in a patch's every pixel, [0, 1]: less where hair hangs over it.
struct SkinSeen {
  core::ImageF own, painted;
};

// Gives the patch the skin tone and the light of the frame: the logarithm of the ratio of both pictures' skin
// as spherical harmonics of the second order of the normals (Ramamoorthi & Hanrahan 2001; Basri & Jacobs
// 2003), fitted robustly, so that hair, beards and what hides the face do not count. `painted`: dense
// vertices, stored px. `scratch` is that of the patch (make_patch). Where no light can be found, nothing
// changes and all skin counts as seen.
SkinSeen relight(const mesh::FaceModel& model, const OwnFace& own, const mesh::Vertices& painted,
                 GuidanceScratch* scratch, core::Patch* patch);

// How far the surface of the face looks to the viewer at every dense vertex of a reference, [0, 1].
Eigen::VectorXf facing(const mesh::FaceModel& model, const Reference& reference);

// Where pictures in a mirror should paint, [0, 1], of the patch's pixels: where hair hides the painted face,
// and where the lenders see it far worse than the mirror does (`lent`, `in_mirror`: their means of facing()).
// `scratch` is that of the patch. Empty when there is hardly anything.
core::ImageF share_of_mirror(const mesh::FaceModel& model, const SkinSeen& seen, const Eigen::VectorXf& lent,
                             const Eigen::VectorXf& in_mirror, float px_per_cm,
                             const GuidanceScratch& scratch, const core::Patch& patch);

// A face that other pictures paint, and how much of its skin is seen.
struct OtherFace {
  const core::Patch* patch = nullptr;
  const SkinSeen* seen = nullptr;
  const core::ImageF* share = nullptr;  // of the result
};
// Puts the other face, if there is one, over the patch's; leaves the frame's own pixels where hair hides its
// face or the painted ones.
void join_faces(const SkinSeen& seen, const OtherFace& other, core::Patch* patch);

// Puts the own eyeballs (gaze, catchlights) into the painted lids, with the own lids round them as far as
// they are shut, for hardly any picture lends shut ones, and the own mouth's inside between the painted lips
// as far as `mouth` in [0, 1] says. `px_per_cm`: on the face.
void keep_openings(const mesh::FaceModel& model, const OwnFace& own, const mesh::Vertices& painted,
                   float mouth, float px_per_cm, GuidanceScratch* scratch, core::Patch* patch);

}  // namespace resyncer::generator
