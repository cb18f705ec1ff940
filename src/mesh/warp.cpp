#include <algorithm>
#include <cmath>

#include "resyncer/mesh/raster.h"

namespace resyncer::mesh {

void warp(const core::ImageU8& source, const core::ImageF& field, core::ImageF* out, core::ImageF* valid) {
  const int width = field.width, height = field.height, channels = source.channels;
  if (out->width != width || out->height != height || out->channels != channels)
    *out = core::ImageF(width, height, channels);
  if (valid != nullptr && (valid->width != width || valid->height != height || valid->channels != 1))
    *valid = core::ImageF(width, height, 1);
  const auto right = float(source.width), bottom = float(source.height);
  const std::size_t stride = std::size_t(source.width) * std::size_t(channels);
  for (std::size_t i = 0; i < std::size_t(width) * std::size_t(height); ++i) {
    float x = field.data[2 * i], y = field.data[2 * i + 1];
    float* to = out->data.data() + i * std::size_t(channels);
    const bool inside = x >= 0 && x <= right && y >= 0 && y <= bottom;  // false for NaN
    if (valid != nullptr) valid->data[i] = inside ? 1.F : 0.F;
    if (!inside) {
      std::fill_n(to, channels, 0.F);
      continue;
    }
    x = std::clamp(x - 0.5F, 0.F, right - 1);
    y = std::clamp(y - 0.5F, 0.F, bottom - 1);
    const int x0 = std::min(int(x), std::max(0, source.width - 2)),
              y0 = std::min(int(y), std::max(0, source.height - 2));
    const float u = x - float(x0), v = y - float(y0);
    const std::uint8_t* p = source.row(y0) + std::size_t(x0) * std::size_t(channels);
    const std::size_t across = source.width > 1 ? std::size_t(channels) : 0,
                      down = source.height > 1 ? stride : 0;
    for (int c = 0; c < channels; ++c) {
      const float upper = (1 - u) * float(p[c]) + u * float(p[c + int(across)]);
      const float lower =
          (1 - u) * float(p[std::size_t(c) + down]) + u * float(p[std::size_t(c) + down + across]);
      to[c] = ((1 - v) * upper + v * lower) * (1.F / 255);
    }
  }
}

}  // namespace resyncer::mesh
