// Where a face is hidden (private to generator): hair over forehead, temples and cheeks has not the skin's
// colour in this light.
#pragma once

#include "generator/skin_light.h"
#include "resyncer/core/image.h"
#include "resyncer/mesh/raster.h"

namespace resyncer::generator {

struct SkinView {
  const core::ImageF& rgb;
  const mesh::Raster& raster;  // of the face in it
  const mesh::Vertices& skin;  // skin_colours of its vertices
  float px_per_cm = 0;
  const core::ImageF* inside = nullptr;  // 0 where the picture shows nothing; null = it does everywhere
};

// Multiplies `seen` (of rgb's size) by how far the skin is seen, [0, 1], softly.
void hide_hair(const mesh::FaceModel& model, const SkinView& view, core::ImageF* seen);

}  // namespace resyncer::generator
