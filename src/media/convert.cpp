// Upright views of stored pictures: separable area averaging straight from the planes. A pixel of the result
// is the mean over a window of one result pixel (at least one source pixel, which is linear interpolation
// when enlarging).
#include <algorithm>
#include <cmath>

#include "resyncer/media/video_frame.h"
#include "tone_map.h"

namespace resyncer::media {

namespace {

// For each result index: its source samples [start, start + count) and their weights (sum 1).
struct Axis {
  struct Taps {
    int start = 0, count = 0, weights = 0;
  };
  std::vector<Taps> taps;
  std::vector<float> weights;
  int first = 0, last = 0;  // range of samples in use

  // Centre of result i: origin + (i + 0.5) * step, in samples; beyond the ends the last sample is repeated.
  void build(int samples, int count, double origin, double step) {
    taps.resize(std::size_t(count));
    weights.clear();
    first = samples, last = 0;
    double half = std::max(1.0, std::abs(step)) / 2;
    for (int i = 0; i < count; ++i) {
      double centre = origin + (i + 0.5) * step;
      double from = centre - half, to = centre + half;
      int low = std::clamp(int(std::floor(from + 1e-6)), 0, samples - 1);
      int high = std::clamp(int(std::ceil(to - 1e-6)), low + 1, samples);
      taps[std::size_t(i)] = {low, high - low, int(weights.size())};
      float sum = 0;
      std::size_t base = weights.size();
      for (int s = low; s < high; ++s) {
        // The outermost samples stand for all that lies beyond them.
        double left = s == 0 ? from : std::max(from, double(s));
        double right = s == samples - 1 ? to : std::min(to, double(s + 1));
        weights.push_back(float(std::max(0.0, right - left)));
        sum += weights.back();
      }
      if (sum <= 0) weights[base] = sum = 1;
      for (std::size_t w = base; w < weights.size(); ++w) weights[w] /= sum;
      first = std::min(first, low);
      last = std::max(last, high);
    }
  }
};

struct Sampler {
  Axis x, y;
  std::vector<float> column_sums, row;
};

// Buffers live as long as the thread: pictures come by the thousand and have the same size.
struct Workspace {
  std::array<Sampler, 3> samplers;
};
Workspace& workspace() {
  static thread_local Workspace work;
  return work;
}

template <typename Sample, bool Packed>
void add_row(const Plane& plane, int y, int first, int last, float weight, float* sums) {
  const auto* row = reinterpret_cast<const Sample*>(plane.data + y * plane.stride);
  const int step = Packed ? plane.pixel_step : 1;
  for (int x = first; x < last; ++x) sums[x] += weight * float(row[std::ptrdiff_t(x) * step]);
}

// Result row j of one plane into sampler->row.
void sample_row(const Plane& plane, bool wide, int j, Sampler* sampler) {
  const Axis &ax = sampler->x, &ay = sampler->y;
  sampler->column_sums.resize(std::size_t(ax.last));
  sampler->row.resize(ax.taps.size());
  float* sums = sampler->column_sums.data();
  std::fill(sums + ax.first, sums + ax.last, 0.F);
  const Axis::Taps& rows = ay.taps[std::size_t(j)];
  for (int r = 0; r < rows.count; ++r) {
    float weight = ay.weights[std::size_t(rows.weights) + std::size_t(r)];
    if (weight == 0) continue;
    bool packed = plane.pixel_step != 1;
    auto add = wide ? (packed ? add_row<std::uint16_t, true> : add_row<std::uint16_t, false>)
                    : (packed ? add_row<std::uint8_t, true> : add_row<std::uint8_t, false>);
    add(plane, rows.start + r, ax.first, ax.last, weight, sums);
  }
  for (std::size_t i = 0; i < ax.taps.size(); ++i) {
    const Axis::Taps& columns = ax.taps[i];
    const float* w = ax.weights.data() + columns.weights;
    const float* s = sums + columns.start;
    float sum = 0;
    for (int k = 0; k < columns.count; ++k) sum += w[k] * s[k];
    sampler->row[i] = sum;
  }
}

// Where the result lies in the stored picture. Stored x runs along the result's rows, or its columns when
// transposed.
struct Placement {
  bool transposed = false;
  double x = 0, y = 0;            // stored position of the result's corner
  double step_x = 1, step_y = 1;  // stored pixels per result pixel, negative where mirrored
  int columns = 0, rows = 0;      // result pixels along stored x and stored y
};

Placement place(const core::Affine2& upright_from_stored, double left, double top, double scale, int width,
                int height) {
  Eigen::Affine2d stored_from_upright(Eigen::Affine2d(upright_from_stored.matrix().cast<double>()).inverse());
  Eigen::Vector2d corner = stored_from_upright * Eigen::Vector2d(left, top);
  Eigen::Matrix2d m = stored_from_upright.linear() / scale;
  Placement p;
  p.x = corner.x(), p.y = corner.y();
  p.transposed = std::abs(m(0, 0)) < std::abs(m(0, 1));
  p.step_x = p.transposed ? m(0, 1) : m(0, 0);
  p.step_y = p.transposed ? m(1, 0) : m(1, 1);
  p.columns = p.transposed ? height : width;
  p.rows = p.transposed ? width : height;
  return p;
}

int chroma_size(int luma, int shift) { return (luma + (1 << shift) - 1) >> shift; }

// Axes of plane c. A left-sited chroma sample lies left of the middle of its pixels.
void prepare(const PixelLayout& layout, const Placement& p, int c, Sampler* sampler) {
  bool chroma = c > 0 && layout.matrix != ColorMatrix::rgb;
  int shift_x = chroma ? layout.chroma_shift_x : 0, shift_y = chroma ? layout.chroma_shift_y : 0;
  double siting = shift_x > 0 && !layout.chroma_centered ? 0.5 - 0.5 / (1 << shift_x) : 0;
  sampler->x.build(chroma_size(layout.width, shift_x), p.columns, p.x / (1 << shift_x) + siting,
                   p.step_x / (1 << shift_x));
  sampler->y.build(chroma_size(layout.height, shift_y), p.rows, p.y / (1 << shift_y),
                   p.step_y / (1 << shift_y));
}

// Code values to [0, 255]: (v - offset) * scale.
struct Levels {
  float luma_offset = 0, luma_scale = 1, chroma_offset = 128, chroma_scale = 1;
};

Levels levels_of(const PixelLayout& layout) {
  auto unit = float(1 << (layout.bit_depth - 8));
  auto peak = float((1 << layout.bit_depth) - 1);
  bool full = layout.full_range || layout.matrix == ColorMatrix::rgb;
  Levels levels;
  levels.luma_offset = full ? 0 : 16 * unit;
  levels.luma_scale = full ? 255 / peak : 255 / (219 * unit);
  levels.chroma_offset = 128 * unit;
  levels.chroma_scale = full ? 255 / peak : 255 / (224 * unit);
  return levels;
}

std::uint8_t to_byte(float v) { return std::uint8_t(std::clamp(v + 0.5F, 0.F, 255.F)); }

// Cb and Cr to red, green and blue.
struct Matrix {
  float red_cr, green_cb, green_cr, blue_cb;
};

Matrix matrix_of(ColorMatrix kind) {
  float kr = 0.2126F, kb = 0.0722F;
  if (kind == ColorMatrix::bt601) kr = 0.299F, kb = 0.114F;
  if (kind == ColorMatrix::bt2020) kr = 0.2627F, kb = 0.0593F;
  float kg = 1 - kr - kb;
  return {2 * (1 - kr), -2 * kb * (1 - kb) / kg, -2 * kr * (1 - kr) / kg, 2 * (1 - kb)};
}

void resize(core::ImageU8* image, int width, int height, int channels) {
  image->width = width;
  image->height = height;
  image->channels = channels;
  image->data.resize(std::size_t(width) * std::size_t(height) * std::size_t(channels));
}

// Calls put(pixel of the result, sample index i in the rows) for stored row j.
template <typename Put>
void scatter(const Placement& p, int j, core::ImageU8* out, const Put& put) {
  for (int i = 0; i < p.columns; ++i) put(p.transposed ? &out->at(j, i) : &out->at(i, j), std::size_t(i));
}

void render_gray(const VideoFrame& frame, const Placement& p, core::ImageU8* out) {
  const PixelLayout& layout = frame.layout();
  std::array<Plane, 3> planes = frame.planes();
  std::array<Sampler, 3>& samplers = workspace().samplers;
  bool rgb = layout.matrix == ColorMatrix::rgb && layout.components == 3;
  Levels levels = levels_of(layout);
  const ToneTable& tones = tone_table(layout.transfer);
  int used = rgb ? 3 : 1;
  for (int c = 0; c < used; ++c) prepare(layout, p, c, &samplers[std::size_t(c)]);
  for (int j = 0; j < p.rows; ++j) {
    for (std::size_t c = 0; c < std::size_t(used); ++c)
      sample_row(planes[c], layout.bit_depth > 8, j, &samplers[c]);
    const float *a = samplers[0].row.data(), *b = samplers[1].row.data(), *c = samplers[2].row.data();
    scatter(p, j, out, [&](std::uint8_t* pixel, std::size_t i) {
      float luma = rgb ? 0.299F * a[i] + 0.587F * b[i] + 0.114F * c[i] : a[i];
      *pixel = tones[to_byte((luma - levels.luma_offset) * levels.luma_scale)];
    });
  }
}

void render_rgb(const VideoFrame& frame, const Placement& p, Transfer transfer, core::ImageU8* out) {
  const ToneTable& tones = tone_table(transfer);
  const PixelLayout& layout = frame.layout();
  std::array<Plane, 3> planes = frame.planes();
  std::array<Sampler, 3>& samplers = workspace().samplers;
  Levels l = levels_of(layout);
  Matrix m = matrix_of(layout.matrix);
  for (int c = 0; c < layout.components; ++c) prepare(layout, p, c, &samplers[std::size_t(c)]);
  for (int j = 0; j < p.rows; ++j) {
    for (std::size_t c = 0; c < std::size_t(layout.components); ++c)
      sample_row(planes[c], layout.bit_depth > 8, j, &samplers[c]);
    const float *a = samplers[0].row.data(), *b = samplers[1].row.data(), *c = samplers[2].row.data();
    scatter(p, j, out, [&](std::uint8_t* pixel, std::size_t i) {
      float luma = (a[i] - l.luma_offset) * l.luma_scale;
      float red = luma, green = luma, blue = luma;
      if (layout.components == 3 && layout.matrix == ColorMatrix::rgb) {
        green = (b[i] - l.luma_offset) * l.luma_scale;
        blue = (c[i] - l.luma_offset) * l.luma_scale;
      } else if (layout.components == 3) {
        float cb = (b[i] - l.chroma_offset) * l.chroma_scale, cr = (c[i] - l.chroma_offset) * l.chroma_scale;
        red += m.red_cr * cr;
        green += m.green_cb * cb + m.green_cr * cr;
        blue += m.blue_cb * cb;
      }
      pixel[0] = tones[to_byte(red)];
      pixel[1] = tones[to_byte(green)];
      pixel[2] = tones[to_byte(blue)];
    });
  }
}

Eigen::Vector2f upright_size(const PixelLayout& layout, const core::Affine2& upright_from_stored) {
  Eigen::Vector2f size(float(layout.width), float(layout.height));
  return (upright_from_stored.linear() * size).cwiseAbs();
}

Placement place_whole(const VideoFrame& frame, const core::Affine2& upright_from_stored, float scale) {
  Eigen::Vector2f size = upright_size(frame.layout(), upright_from_stored) * scale;
  int width = std::max(1, int(std::lround(size.x()))), height = std::max(1, int(std::lround(size.y())));
  return place(upright_from_stored, 0, 0, double(scale), width, height);
}

void resize_for(const Placement& p, int channels, core::ImageU8* out) {
  resize(out, p.transposed ? p.rows : p.columns, p.transposed ? p.columns : p.rows, channels);
}

}  // namespace

core::Affine2 upright_from_stored(int stored_width, int stored_height, int rotation_degrees,
                                  double sample_aspect) {
  auto aspect = float(sample_aspect > 0 ? sample_aspect : 1);
  float width = float(stored_width) * aspect;
  auto height = float(stored_height);
  Eigen::Matrix<float, 2, 3> m;
  switch (((rotation_degrees % 360) + 360) % 360) {
    case 90:
      m << 0, -1, height, aspect, 0, 0;
      break;
    case 180:
      m << -aspect, 0, width, 0, -1, height;
      break;
    case 270:
      m << 0, 1, 0, -aspect, 0, width;
      break;
    default:
      m << aspect, 0, 0, 0, 1, 0;
      break;
  }
  core::Affine2 map;
  map.matrix() = m;
  return map;
}

void to_gray(const VideoFrame& frame, const core::Affine2& upright_from_stored, float scale,
             core::ImageU8* out) {
  Placement p = place_whole(frame, upright_from_stored, scale);
  resize_for(p, 1, out);
  render_gray(frame, p, out);
}

void to_rgb(const VideoFrame& frame, const core::Affine2& upright_from_stored, float scale,
            core::ImageU8* out) {
  Placement p = place_whole(frame, upright_from_stored, scale);
  resize_for(p, 3, out);
  render_rgb(frame, p, frame.layout().transfer, out);
}

void crop_rgb(const VideoFrame& frame, const core::Affine2& upright_from_stored, const core::Box& roi,
              core::ImageU8* out) {
  crop_rgb(frame, upright_from_stored, roi, 1, out);
}

void crop_rgb(const VideoFrame& frame, const core::Affine2& upright_from_stored, const core::Box& roi,
              float scale, core::ImageU8* out) {
  auto reduced = [&](int side) { return side > 0 ? std::max(1, int(std::lround(float(side) * scale))) : 0; };
  const int width = reduced(roi.width()), height = reduced(roi.height());
  resize(out, width, height, 3);
  if (roi.empty()) return;
  render_rgb(frame, place(upright_from_stored, roi.left, roi.top, double(scale), width, height),
             Transfer::sdr, out);
}

}  // namespace resyncer::media
