// Where a reference's pixels lie for every pixel of the target (private to generator): through the mesh where
// it covers, else through the affine map that takes one mesh to the other best.
#pragma once

#include "generator/kernel.h"
#include "resyncer/generator/guidance.h"

namespace resyncer::generator {

class ReferenceWarp {
 public:
  // `target`: dense vertices in the raster's px. All arguments must outlive the object.
  ReferenceWarp(const mesh::FaceModel& model, const mesh::Raster& raster, const mesh::Vertices& target,
                const Reference& reference);

  // Positions (x, y pairs) in the reference's image of the centres of the pixels [begin, end) of row y.
  void locate(int y, int begin, int end, float* positions) const;
  // How far what lies there can be trusted: 1 on the skin, less where the reference sees it edge-on or from
  // behind; in the mouth as far as the reference's mouth is open; little outside the mesh; 0 outside the
  // reference's image.
  void judge(int y, int begin, int end, const float* positions, float* validity) const;

  // RGB [0, 1] at a position that locate() gave; the image's edge is repeated, so that there is always
  // something.
  Float4 colour(float x, float y) const {
    if (grid_ == 1) return sample(reference_.image, kernel_, x, y);
    return average(x, y);
  }

 private:
  float trust(std::int32_t triangle) const;
  Float4 average(float x, float y) const;

  const mesh::FaceModel& model_;
  const mesh::Raster& raster_;
  const mesh::Vertices& target_;
  const Reference& reference_;
  core::Affine2 outside_;  // reference from target px
  float area_scale_ = 1;   // reference px^2 a target px^2
  float mouth_ = 1;        // validity inside the mouth
  Kernel kernel_{};
  int grid_ = 1;  // samples a target px in each direction: more than one when the reference is far larger
};

}  // namespace resyncer::generator
