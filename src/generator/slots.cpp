#include "generator/slots.h"

#include <algorithm>

namespace resyncer::generator {

std::vector<Slot> make_slots(const mesh::FaceModel& model, const mesh::Raster& raster,
                             const mesh::Vertices& target, const std::vector<const Reference*>& references,
                             const std::vector<float>& trust) {
  std::vector<Slot> slots(std::min(references.size(), std::size_t(kReferences)));
  for (std::size_t i = 0; i < references.size(); ++i) {
    const float own = trust.empty() ? 1.F : trust[i];
    if (i >= std::size_t(kReferences) && own <= 0) continue;
    Slot& slot = slots[std::size_t(slot_of(int(i)))];
    slot.lenders.push_back({ReferenceWarp(model, raster, target, *references[i]), own});
    slot.trust += own;
  }
  return slots;
}

}  // namespace resyncer::generator
