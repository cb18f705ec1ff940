// The mesh of the mouth fitted to pictures. Landmarks place the lips to a pixel or so; what references lend
// is then blended from mouths that do not lie on one another, and lips and teeth blur. Here the coefficients
// of speech are moved until a mouth, seen through its mesh in one canonical mouth, agrees with the mean of
// the person's mouths that are most like it: Gauss and Newton on the colours (Lucas & Kanade 1981; the mean
// of a congealing, Learned-Miller 2006), with a prior that keeps near what the landmarks say.
#pragma once

#include <Eigen/Core>
#include <memory>
#include <vector>

#include "resyncer/core/geometry.h"
#include "resyncer/core/image.h"
#include "resyncer/mesh/camera.h"

namespace resyncer::generator {

constexpr int kMouthPicture = 160;  // px, width and height of a mouth's picture

// The square of the generator's crop (256 px) round its middle. `neutral`: as for crop_from_frame.
core::Affine2 mouth_from_frame(const mesh::Vertices& neutral);

struct MouthView {
  core::ImageU8 picture;  // RGB, kMouthPicture px a side
  core::Affine2 picture_from_frame;
  mesh::Camera camera;
  mesh::FaceParams params;  // as fitted to landmarks
  double seconds = 0;       // in the clip
};

class MouthAligner {
 public:
  // Aligns the mouths of one person with each other. They stay as they are where there are too few.
  MouthAligner(const mesh::FaceModel& model, const Eigen::VectorXf& identity,
               const std::vector<MouthView>& mouths);
  ~MouthAligner();

  // Of the i-th mouth: all coefficients, those of speech aligned.
  const Eigen::VectorXf& expression(std::size_t i) const;
  // The same of another mouth of this person, aligned with those that are more than `gap` seconds away.
  Eigen::VectorXf align(const MouthView& mouth, double gap = 0) const;

 private:
  struct Aligned;
  std::unique_ptr<Aligned> aligned_;
};

}  // namespace resyncer::generator
