#include "generator/box_blur.h"

#include <algorithm>
#include <cstddef>

namespace resyncer::generator {

namespace {

// Along `count` pixels that lie `step` floats apart.
void blur_line(float* pixels, int channels, int count, std::ptrdiff_t step, int reach, float* sums) {
  const float share = 1 / float(2 * reach + 1);
  for (int c = 0; c < channels; ++c) {
    sums[0] = 0;  // sums[i]: of the pixels before i - reach
    for (int i = 0; i < count + 2 * reach; ++i) {
      const int at = i - reach;
      sums[i + 1] = sums[i] + (at >= 0 && at < count ? pixels[at * step + c] : 0.F);
    }
    for (int i = 0; i < count; ++i) pixels[i * step + c] = (sums[i + 2 * reach + 1] - sums[i]) * share;
  }
}

}  // namespace

void box_blur(int reach, core::ImageF* image, std::vector<float>* line) {
  const int width = image->width, height = image->height;
  line->resize(std::size_t(std::max(width, height)) + 2 * std::size_t(reach) + 1);
  const std::ptrdiff_t channels = image->channels;
  for (int y = 0; y < height; ++y)
    blur_line(image->row(y), image->channels, width, channels, reach, line->data());
  for (int x = 0; x < width; ++x)
    blur_line(image->row(0) + channels * x, image->channels, height, channels * width, reach, line->data());
}

}  // namespace resyncer::generator
