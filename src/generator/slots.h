// The slots that the network blends, each a mean of the pictures that share it (private to generator).
#pragma once

#include <vector>

#include "generator/reference_warp.h"

namespace resyncer::generator {

struct Lender {
  ReferenceWarp warp;
  float trust = 0;
};

struct Slot {
  std::vector<Lender> lenders;  // a reference and its companions
  float trust = 0;              // sum of theirs
};

// Of a lender's trust, its share where its validity is 0, so that there is always a colour.
constexpr float kLeastShare = 1e-4F;

// kReferences slots; of one slot only when there is but one reference. Companions without trust are left out.
// `trust` may be empty: all 1. All arguments must outlive the answer.
std::vector<Slot> make_slots(const mesh::FaceModel& model, const mesh::Raster& raster,
                             const mesh::Vertices& target, const std::vector<const Reference*>& references,
                             const std::vector<float>& trust);

}  // namespace resyncer::generator
