// What the generator is told: the masked frame, the plain-white mesh in its new pose and expression, and
// references of the same person warped to it through the mesh. The same code serves training and rendering.
//
// Crop: a square of `side` px round the lower face, upright with the head: the midpoint between the nose's
// base (33) and the chin (8) in its middle, kCropWidthCm wide on a face of the mean size. `crop_from_frame`
// is a similarity.
#pragma once

#include <limits>
#include <vector>

#include "resyncer/core/geometry.h"
#include "resyncer/core/image.h"
#include "resyncer/core/light_field.h"
#include "resyncer/mesh/camera.h"
#include "resyncer/mesh/raster.h"

namespace resyncer::generator {

constexpr int kReferences = 4;  // slots that the network blends
constexpr int kCompanions = 6;  // further pictures that share the slots, two each; the last slot has none
constexpr int kLenders = kReferences + kCompanions;
// The slot of the i-th lender: references first, then companions.
constexpr int slot_of(int i) { return i < kReferences ? i : (i - kReferences) % (kReferences - 1); }
constexpr float kCropWidthCm = 17.F;
// Planes, in this order: masked frame RGB (0 in the hole), mask, white mesh, open mouth (1 inside
// Region::mouth), then for each slot RGB and validity: how far it can be trusted there. Of one picture this
// is 1 on the skin, less where the picture shows it edge-on or from behind, in the mouth as far as the
// picture's own is open, 0.3 where no mesh covers (the colour is then that of the affine map between the
// meshes), 0 outside of the picture (its edge is repeated), all times the trust in the picture as a whole
// (GuidanceInput). A slot with companions holds their mean, weighted by their validities, and the sum of
// these. Slots are written in the mask's bounding box and 12 px round it, in the light of this frame (see
// Guidance::light); elsewhere their planes are 0.
constexpr int kGuidancePlanes = 6 + 4 * kReferences;

// `frame_vertices`: projected control vertices of the identity's *neutral* face in this frame's pose, px, so
// that the crop does not move with the mouth. Smooth in the pose; its scale does not change when the head
// turns.
core::Affine2 crop_from_frame(const mesh::Vertices& frame_vertices, int side);

// Applies a similarity to projected vertices; depth is scaled along.
mesh::Vertices transform(const mesh::Vertices& vertices, const core::Affine2& map);

struct Reference {
  core::ImageU8 image;   // RGB
  mesh::Vertices dense;  // px of the image, of the mesh as it is in the image
};

// The hole M (ReSyncer, fig. 2): U-shaped lower face with a notch for the nose; from the cheeks below the
// eyes, inside the jaw's edge, to 0.65 cm under the chin, spanned by the neutral face, the old mesh and the
// new mesh: old and new mouth and the chin's sweep between them, and no more of hair, neck and collar. The
// paper's mask must hide which mouth was there, because its network could copy it; ours is told the new mouth
// by the mesh. All vertices are control vertices in the mask's px. Polygon in px, closed.
std::vector<core::Point2> mask_polygon(const mesh::Vertices& neutral, const mesh::Vertices& source,
                                       const mesh::Vertices& target);
// 1 inside (even-odd rule at pixel centres); `feather` px wide smooth step from 0 at the polygon to 1 inside
// (0 = hard edge). `origin`: left top corner of the mask's first pixel in the polygon's frame. The mask has
// its size already.
void fill_mask(const std::vector<core::Point2>& polygon, core::Point2 origin, float feather,
               core::ImageF* mask);

constexpr float kNoLimit = std::numeric_limits<float>::infinity();

struct Guidance {
  int side = 0;
  core::ImageF planes;  // side x side x kGuidancePlanes, interleaved (channels-last), [0, 1]
  // side x side x 3 kReferences: what was added to the references so that they match the frame round the
  // hole. Empty: nothing.
  core::ImageF light;
  float doubt = kNoLimit;  // GuidanceInput's
  // Where the frame's face lies from where the mesh says, px of the crop: what the skin round the hole tells.
  // The planes are not moved; the patch is (PatchInput::target).
  core::Point2 offset{0, 0};
};

struct GuidanceInput {
  const core::ImageU8* crop = nullptr;       // RGB, side x side
  const core::ImageF* mask = nullptr;        // side x side, hard
  const mesh::Vertices* target = nullptr;    // dense vertices of the new mesh, crop px
  std::vector<const Reference*> references;  // kReferences, or kLenders with companions; may repeat
  std::vector<float> trust;  // one a reference, multiplies its validity (reference_trust); empty = ones
  float doubt = kNoLimit;    // mean_doubt of the references
};

// Buffers that are kept from frame to frame.
struct GuidanceScratch {
  mesh::Raster raster;
  core::ImageF shading;
  core::LightField light;
  core::ImageF detail;                                                     // of a patch
  std::vector<float> positions, validity, shares, sums, painted, colours;  // of one row
};

void build_guidance(const mesh::FaceModel& model, const GuidanceInput& input, GuidanceScratch* scratch,
                    Guidance* out);

}  // namespace resyncer::generator
