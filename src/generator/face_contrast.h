// How strongly a face's features and its skin's grain stand out in a picture (private to generator): that is
// the camera's and the grading's more than the person's.
#pragma once

#include "generator/skin_light.h"

namespace resyncer::generator {

struct FaceContrast {  // of logarithms
  float light = 0;     // usual distance from the lit skin, in brightness
  float colour = 0;    // likewise, in colour
  float fine = 0;      // usual deviation of brightness within a few mm of skin
};

// `skin`: skin_colours of the vertices; the others as for fit_skin_light.
FaceContrast measure_contrast(const mesh::FaceModel& model, const mesh::Vertices& dense,
                              const mesh::Vertices& normals, const mesh::Vertices& skin,
                              const core::ImageF& rgb, const core::ImageF& inside);

}  // namespace resyncer::generator
