// Images of the project: row-major, interleaved channels, tightly owned memory. Pixel (x, y) covers the
// square [x, x+1) x [y, y+1): its centre lies at (x + 0.5, y + 0.5). Colour images are R, G, B (never BGR).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace resyncer::core {

template <typename T>
struct Image {
  int width = 0;
  int height = 0;
  int channels = 0;
  std::vector<T> data;  // height x width x channels

  Image() = default;
  Image(int w, int h, int c, T fill = T{})
      : width(w), height(h), channels(c), data(static_cast<std::size_t>(w) * h * c, fill) {}

  bool empty() const { return data.empty(); }
  T* row(int y) { return data.data() + static_cast<std::size_t>(y) * width * channels; }
  const T* row(int y) const { return data.data() + static_cast<std::size_t>(y) * width * channels; }
  T& at(int x, int y, int c = 0) { return row(y)[static_cast<std::size_t>(x) * channels + c]; }
  const T& at(int x, int y, int c = 0) const { return row(y)[static_cast<std::size_t>(x) * channels + c]; }
};

using ImageU8 = Image<std::uint8_t>;  // [0, 255], sRGB-encoded where it is colour
using ImageF = Image<float>;          // [0, 1] where it is colour or alpha
using ImageI32 = Image<std::int32_t>;

}  // namespace resyncer::core
