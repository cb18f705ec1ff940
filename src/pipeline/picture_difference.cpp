#include "pipeline/picture_difference.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

namespace resyncer::pipeline {

void touched_samples(const core::ImageU8& touched, int shift_x, int shift_y, int y, std::vector<char>* out) {
  std::fill(out->begin(), out->end(), char(0));
  const int first = y << shift_y, last = std::min(touched.height, (y + 1) << shift_y);
  for (int row = first; row < last; ++row)
    for (int x = 0; x < touched.width; ++x)
      if (touched.at(x, row) != 0) (*out)[std::size_t(x >> shift_x)] = 1;
}

core::ImageU8 amplified_difference(const core::ImageU8& a, const core::ImageU8& b) {
  core::ImageU8 out(a.width, a.height, a.channels);
  for (std::size_t i = 0; i < out.data.size(); ++i)
    out.data[i] = std::uint8_t(std::min(255, kDifferenceGain * std::abs(int(a.data[i]) - int(b.data[i]))));
  return out;
}

namespace {

template <typename Sample>
void add_row(const media::Plane& a, const media::Plane& b, int y, const std::vector<char>& left_out,
             float scale, SampleDifference* sum) {
  const auto* p = reinterpret_cast<const Sample*>(a.data + y * a.stride);
  const auto* q = reinterpret_cast<const Sample*>(b.data + y * b.stride);
  std::int64_t squares = 0;
  int largest = 0;
  for (std::size_t i = 0; i < left_out.size(); ++i, p += a.pixel_step, q += b.pixel_step) {
    if (left_out[i] != 0) continue;
    const int difference = std::abs(int(*p) - int(*q));
    ++sum->samples;
    sum->equal += difference == 0 ? 1 : 0;
    squares += std::int64_t(difference) * difference;
    largest = std::max(largest, difference);
  }
  sum->squares += double(squares) * scale * scale;
  sum->largest = std::max(sum->largest, float(largest) * scale);
}

}  // namespace

double SampleDifference::psnr() const {
  const double mean = samples > 0 ? squares / double(samples) : 0;
  return mean <= 1e-10 ? 100.0 : -10 * std::log10(mean);
}

void SampleDifference::add(const SampleDifference& other) {
  samples += other.samples;
  equal += other.equal;
  squares += other.squares;
  largest = std::max(largest, other.largest);
}

bool same_layout(const media::PixelLayout& a, const media::PixelLayout& b) {
  return a.width == b.width && a.height == b.height && a.bit_depth == b.bit_depth &&
         a.components == b.components && a.chroma_shift_x == b.chroma_shift_x &&
         a.chroma_shift_y == b.chroma_shift_y && a.full_range == b.full_range &&
         (a.matrix == media::ColorMatrix::rgb) == (b.matrix == media::ColorMatrix::rgb);
}

SampleDifference sample_difference(const media::VideoFrame& a, const media::VideoFrame& b,
                                   const core::ImageU8* touched) {
  const media::PixelLayout& layout = a.layout();
  const auto planes_a = a.planes(), planes_b = b.planes();
  const float scale = 1.F / float((1 << layout.bit_depth) - 1);
  SampleDifference sum;
  std::vector<char> left_out;
  for (int c = 0; c < layout.components; ++c) {
    const bool chroma = c > 0 && layout.matrix != media::ColorMatrix::rgb;
    const int shift_x = chroma ? layout.chroma_shift_x : 0, shift_y = chroma ? layout.chroma_shift_y : 0;
    left_out.assign(std::size_t((layout.width + (1 << shift_x) - 1) >> shift_x), 0);
    const int height = (layout.height + (1 << shift_y) - 1) >> shift_y;
    auto add = layout.bit_depth > 8 ? add_row<std::uint16_t> : add_row<std::uint8_t>;
    for (int y = 0; y < height; ++y) {
      if (touched != nullptr) touched_samples(*touched, shift_x, shift_y, y, &left_out);
      add(planes_a[std::size_t(c)], planes_b[std::size_t(c)], y, left_out, scale, &sum);
    }
  }
  return sum;
}

}  // namespace resyncer::pipeline
