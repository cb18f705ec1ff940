#include "generator/kernel.h"

#include <algorithm>

namespace resyncer::generator {

Float4 sample_near_edge(const core::ImageU8& image, const Kernel& kernel, float x, float y) {
  // std::max and std::min answer their first argument for NaN.
  const float fx = std::min(float(image.width - 1), std::max(0.F, x - 0.5F));
  const float fy = std::min(float(image.height - 1), std::max(0.F, y - 0.5F));
  const int x0 = int(fx), y0 = int(fy);
  const Float4 across = kernel(fx - float(x0)), down = kernel(fy - float(y0));
  Float4 rgb = splat(0);
  for (int j = 0; j < 4; ++j) {
    const std::uint8_t* row = image.row(std::clamp(y0 + j - 1, 0, image.height - 1));
    for (int i = 0; i < 4; ++i) {
      const std::uint8_t* p = row + 3 * std::clamp(x0 + i - 1, 0, image.width - 1);
      rgb += down[j] * across[i] / 255.F * Float4{float(p[0]), float(p[1]), float(p[2]), 0};
    }
  }
  return min(max(rgb, splat(0)), splat(1));
}

}  // namespace resyncer::generator
