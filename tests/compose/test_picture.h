// Pictures of every pixel format on plain memory, for the compositor's tests.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "compose/picture.h"

namespace resyncer::compose {

enum class Packing { planar, semi_planar, packed };

struct Format {
  media::PixelLayout layout;
  Packing packing = Packing::planar;
};

inline std::string describe(const Format& f) {
  const auto& l = f.layout;
  const char* matrices[] = {"601", "709", "2020", "rgb"};
  const char* packings[] = {"planar", "semi", "packed"};
  return std::to_string(l.width) + "x" + std::to_string(l.height) + " depth " + std::to_string(l.bit_depth) +
         " components " + std::to_string(l.components) + " shift " + std::to_string(l.chroma_shift_x) +
         std::to_string(l.chroma_shift_y) + (l.full_range ? " full " : " limited ") +
         (l.chroma_centered ? "centre " : "left ") + matrices[int(l.matrix)] + " " + packings[int(f.packing)];
}

// Owns the planes' memory, with some bytes of padding after each row.
struct TestPicture {
  Format format;
  std::vector<std::byte> memory[3];
  Picture picture;

  explicit TestPicture(const Format& f) : format(f) {
    const auto& l = picture.layout = f.layout;
    const int sample = l.bit_depth > 8 ? 2 : 1;
    for (int c = 0; c < l.components; ++c) {
      const int step = f.packing == Packing::packed ? 3 : f.packing == Packing::semi_planar && c > 0 ? 2 : 1;
      const std::ptrdiff_t stride = (width(c) * step * sample) + 6;
      const int store = f.packing == Packing::packed        ? 0
                        : f.packing == Packing::semi_planar ? std::min(c, 1)
                                                            : c;
      if (memory[store].empty()) memory[store].assign(std::size_t(stride) * height(c), std::byte{0xA5});
      picture.planes[c] = {memory[store].data() + (step > 1 ? (step == 3 ? c : c - 1) * sample : 0), stride,
                           step};
    }
  }
  TestPicture(const TestPicture&) = delete;
  TestPicture& operator=(const TestPicture&) = delete;

  int width(int c) const { return shifted(format.layout.width, c > 0 ? format.layout.chroma_shift_x : 0); }
  int height(int c) const { return shifted(format.layout.height, c > 0 ? format.layout.chroma_shift_y : 0); }
  int get(int c, int x, int y) const {
    const std::byte* p = address(c, x, y);
    if (format.layout.bit_depth <= 8) return std::to_integer<int>(*p);
    std::uint16_t value;
    std::memcpy(&value, p, 2);
    return value;
  }
  void set(int c, int x, int y, int value) {
    std::byte* p = address(c, x, y);
    auto wide = std::uint16_t(value);
    if (format.layout.bit_depth <= 8)
      *p = std::byte(value);
    else
      std::memcpy(p, &wide, 2);
  }
  // Codes in the middle of the range, so that every colour lies inside RGB; `smooth` = low frequencies, else
  // noise.
  void fill(unsigned seed, bool smooth = false) {
    std::mt19937 random(seed);
    const auto& l = format.layout;
    const double top = (1 << l.bit_depth) - 1;
    for (int c = 0; c < l.components; ++c) {
      const bool chroma = c > 0 && l.matrix != media::ColorMatrix::rgb;
      std::uniform_real_distribution<double> noise(-1, 1);
      for (int y = 0; y < height(c); ++y) {
        for (int x = 0; x < width(c); ++x) {
          double u = double(x) / width(c), v = double(y) / height(c);
          double t = smooth ? 0.8 * std::sin(3 * u + c) * std::cos(2 * v - c) : noise(random);
          set(c, x, y, int(top * (0.5 + (chroma ? 0.1 : 0.12) * t)));
        }
      }
    }
  }

 private:
  static int shifted(int size, int shift) { return (size + (1 << shift) - 1) >> shift; }
  std::byte* address(int c, int x, int y) const {
    const auto& p = picture.planes[c];
    return p.data + y * p.stride + std::ptrdiff_t{x} * p.pixel_step * (format.layout.bit_depth > 8 ? 2 : 1);
  }
};

inline media::PixelLayout layout_of(int width, int height, int depth, int shift_x, int shift_y,
                                    bool full_range, bool centered, media::ColorMatrix matrix,
                                    int components = 3) {
  media::PixelLayout l;
  l.width = width, l.height = height, l.bit_depth = depth, l.components = components;
  l.chroma_shift_x = shift_x, l.chroma_shift_y = shift_y;
  l.full_range = full_range, l.chroma_centered = centered, l.matrix = matrix;
  return l;
}

// Every kind of format that a decoder gives, at one size.
inline std::vector<Format> all_formats(int width, int height) {
  using media::ColorMatrix;
  std::vector<Format> formats;
  for (int depth : {8, 9, 10, 12, 16}) {
    for (bool full : {false, true}) {
      for (auto [sx, sy] : {std::pair(0, 0), {1, 0}, {1, 1}, {0, 1}, {2, 0}, {2, 2}})
        for (bool centered : {false, true})
          for (auto matrix : {ColorMatrix::bt601, ColorMatrix::bt709, ColorMatrix::bt2020})
            for (auto packing : {Packing::planar, Packing::semi_planar})
              formats.push_back({layout_of(width, height, depth, sx, sy, full, centered, matrix), packing});
      formats.push_back(
          {layout_of(width, height, depth, 0, 0, full, false, ColorMatrix::bt709, 1), Packing::planar});
    }
    for (auto packing : {Packing::planar, Packing::packed})
      formats.push_back({layout_of(width, height, depth, 0, 0, true, false, ColorMatrix::rgb), packing});
  }
  return formats;
}

inline core::Patch patch_of(const core::Box& roi, float alpha) {
  return {roi, core::ImageF(roi.width(), roi.height(), 3, 0.5F),
          core::ImageF(roi.width(), roi.height(), 1, alpha)};
}

// Round mask in the middle of the roi: 1 inside, falling to 0 over `feather` px before the border.
inline void feather(core::Patch* patch, float width) {
  const float rx = 0.5F * float(patch->roi.width()), ry = 0.5F * float(patch->roi.height());
  for (int y = 0; y < patch->alpha.height; ++y) {
    for (int x = 0; x < patch->alpha.width; ++x) {
      float r = std::hypot((float(x) + 0.5F - rx) / rx, (float(y) + 0.5F - ry) / ry);
      patch->alpha.at(x, y) = std::clamp((0.95F - r) * std::min(rx, ry) / width, 0.F, 1.F);
    }
  }
}

}  // namespace resyncer::compose
