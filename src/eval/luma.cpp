#include "eval/luma.h"

namespace resyncer::eval {

core::ImageF luma(const core::ImageF& image) {
  if (image.channels == 1) return image;
  core::ImageF out(image.width, image.height, 1);
  const float* p = image.data.data();
  for (float& y : out.data) {
    y = 0.299F * p[0] + 0.587F * p[1] + 0.114F * p[2];
    p += image.channels;
  }
  return out;
}

}  // namespace resyncer::eval
