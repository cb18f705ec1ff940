#include "compose/rows.h"

#include <algorithm>
#include <cstdint>

#include "compose/code_space.h"

namespace resyncer::compose {

namespace {
template <typename Sample>
Sample* at(const media::Plane& plane, int x, int y) {
  return reinterpret_cast<Sample*>(plane.data + y * plane.stride) + std::ptrdiff_t{x} * plane.pixel_step;
}

template <typename Sample>
void load_as(const media::Plane& plane, int x, int y, int n, float* out) {
  const Sample* from = at<Sample>(plane, x, y);
  const std::ptrdiff_t step = plane.pixel_step;
  if (step == 1) {  // apart, so that it is vectorised
    for (int i = 0; i < n; ++i) out[i] = float(from[i]);
  } else {
    for (int i = 0; i < n; ++i) out[i] = float(from[i * step]);
  }
}

template <typename Sample>
void store_as(const media::Plane& plane, int x, int y, int n, const float* values) {
  Sample* to = at<Sample>(plane, x, y);
  const std::ptrdiff_t step = plane.pixel_step;
  if (step == 1) {
    for (int i = 0; i < n; ++i) to[i] = Sample(int(values[i] + 0.5F));
  } else {
    for (int i = 0; i < n; ++i) to[i * step] = Sample(int(values[i] + 0.5F));
  }
}

int blocks(int size, int shift) { return (size + (1 << shift) - 1) >> shift; }
}  // namespace

void load(const media::Plane& plane, int bit_depth, int x, int y, int n, float* out) {
  bit_depth <= 8 ? load_as<std::uint8_t>(plane, x, y, n, out) : load_as<std::uint16_t>(plane, x, y, n, out);
}

void store(const media::Plane& plane, int bit_depth, int x, int y, int n, const float* values) {
  bit_depth <= 8 ? store_as<std::uint8_t>(plane, x, y, n, values)
                 : store_as<std::uint16_t>(plane, x, y, n, values);
}

int chroma_width(const media::PixelLayout& layout) { return blocks(layout.width, layout.chroma_shift_x); }
int chroma_height(const media::PixelLayout& layout) { return blocks(layout.height, layout.chroma_shift_y); }

bool is_left_sited(const media::PixelLayout& layout) {
  return layout.chroma_shift_x == 1 && !layout.chroma_centered;
}

void load_chroma_at_luma(const Picture& picture, int plane, int y, int first, int last, float* scratch,
                         float* out) {
  const auto& layout = picture.layout;
  const int shift = layout.chroma_shift_x, n = last - first;
  if (shift == 0) return load(picture.planes[plane], layout.bit_depth, first, y, n, out);
  const bool more = last < chroma_width(layout);
  load(picture.planes[plane], layout.bit_depth, first, y, more ? n + 1 : n, scratch);
  if (!more) scratch[n] = scratch[n - 1];
  if (is_left_sited(layout)) {
    for (int i = 0; i < n; ++i) {
      out[2 * i] = scratch[i];
      out[2 * i + 1] = 0.5F * (scratch[i] + scratch[i + 1]);
    }
  } else {
    for (int i = 0; i < n; ++i) std::fill_n(out + (i << shift), 1 << shift, scratch[i]);
  }
}

std::size_t load_rgb_scratch(int n) { return 4 * (std::size_t(n) + 32); }

void load_rgb(const Picture& picture, const CodeSpace& space, int x, int y, int n, float* scratch,
              float* rgb) {
  const auto& layout = picture.layout;
  const std::size_t row = std::size_t(n) + 32;
  float *c0 = scratch, *c1 = c0 + row, *c2 = c1 + row, *work = c2 + row;
  load(picture.planes[0], layout.bit_depth, x, y, n, c0);
  if (layout.components == 1) return rgb_from_codes(space, c0, nullptr, nullptr, n, rgb);
  const int shift = layout.chroma_shift_x, first = x >> shift, last = ((x + n - 1) >> shift) + 1;
  const int offset = x - (first << shift);
  load_chroma_at_luma(picture, 1, y >> layout.chroma_shift_y, first, last, work, c1);
  load_chroma_at_luma(picture, 2, y >> layout.chroma_shift_y, first, last, work, c2);
  rgb_from_codes(space, c0, c1 + offset, c2 + offset, n, rgb);
}

}  // namespace resyncer::compose
