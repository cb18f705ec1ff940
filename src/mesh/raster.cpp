#include "resyncer/mesh/raster.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

namespace resyncer::mesh {

namespace {

// Vertices are snapped to 1/256 px, so that edge functions are exact integers and shared edges are shared
// exactly.
constexpr int kSubpixelBits = 8, kSubpixel = 1 << kSubpixelBits;
constexpr float kLimit = 1e6F;  // px; beyond it a triangle is no picture of anything

struct FixedPoint {
  std::int64_t x, y;
};

bool is_drawable(const Vertices& v, const Triangle& t) {
  for (int i : t)
    for (int k = 0; k < 3; ++k)
      if (!(std::abs(v(i, k)) < kLimit)) return false;  // NaN too
  return true;
}

// Rounds half up: the sum is positive, so the cast cuts downwards.
FixedPoint fixed(const Vertices& v, int i) {
  constexpr std::int64_t kBias = std::int64_t(1) << 40;
  auto round = [](float px) { return std::int64_t(double(px) * kSubpixel + (double(kBias) + 0.5)) - kBias; };
  return {round(v(i, 0)), round(v(i, 1))};
}

// The first pixel whose centre is not before, the last whose centre is not behind a coordinate.
int first_centre(std::int64_t f) { return int((f + kSubpixel / 2 - 1) >> kSubpixelBits); }
int last_centre(std::int64_t f) { return int((f - kSubpixel / 2) >> kSubpixelBits); }

// (b - a) x (p - a), positive on the inner side of a triangle of positive area (clockwise for the viewer).
std::int64_t edge(FixedPoint a, FixedPoint b, FixedPoint p) {
  return (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);
}

// An edge owns the pixel centres that lie on it when it is a top or a left one.
std::int64_t bias(FixedPoint a, FixedPoint b) {
  bool top = a.y == b.y && b.x > a.x, left = b.y < a.y;
  return top || left ? 0 : -1;
}

template <typename T>
void fit(core::Image<T>* image, int width, int height, int channels) {
  image->width = width;
  image->height = height;
  image->channels = channels;
  image->data.resize(std::size_t(width) * std::size_t(height) * std::size_t(channels));
}

// The nearest surface so far wins every pixel centre inside the triangle.
void draw(const Vertices& v, const Triangle& t, std::int32_t index, Raster* out) {
  // Outside is counter-clockwise with y up, which is negative area with y down; (0, 2, 1) makes it positive.
  const FixedPoint a = fixed(v, t[0]), b = fixed(v, t[2]), c = fixed(v, t[1]);
  const std::int64_t area = edge(a, b, c);
  if (area <= 0) return;  // seen from behind, or degenerate
  const int left = std::max(0, first_centre(std::min({a.x, b.x, c.x})));
  const int top = std::max(0, first_centre(std::min({a.y, b.y, c.y})));
  const int right = std::min(out->triangle.width - 1, last_centre(std::max({a.x, b.x, c.x})));
  const int bottom = std::min(out->triangle.height - 1, last_centre(std::max({a.y, b.y, c.y})));
  if (left > right || top > bottom) return;
  const FixedPoint start{std::int64_t(left) * kSubpixel + kSubpixel / 2,
                         std::int64_t(top) * kSubpixel + kSubpixel / 2};
  std::int64_t row_ab = edge(a, b, start), row_bc = edge(b, c, start), row_ca = edge(c, a, start);
  const std::int64_t bias_ab = bias(a, b), bias_bc = bias(b, c), bias_ca = bias(c, a);
  const std::int64_t across_ab = (a.y - b.y) * kSubpixel, across_bc = (b.y - c.y) * kSubpixel,
                     across_ca = (c.y - a.y) * kSubpixel;
  const float inverse = 1.F / float(area);
  const float z0 = v(t[0], 2), dz1 = v(t[1], 2) - z0, dz2 = v(t[2], 2) - z0;
  for (int y = top; y <= bottom; ++y) {
    std::int64_t ab = row_ab, bc = row_bc, ca = row_ca;
    std::int32_t* owner = out->triangle.row(y);
    float* depth = out->depth.row(y);
    float* weights = out->barycentric.row(y);
    int x = left;
    auto step = [&] { ++x, ab += across_ab, bc += across_bc, ca += across_ca; };
    auto is_inside = [&] { return ((ab + bias_ab) | (bc + bias_bc) | (ca + bias_ca)) >= 0; };
    while (x <= right && !is_inside()) step();
    for (; x <= right && is_inside(); step()) {
      const float w1 = float(ab) * inverse, w2 = float(ca) * inverse, z = z0 + w1 * dz1 + w2 * dz2;
      if (z < depth[x]) {
        depth[x] = z;
        owner[x] = index;
        weights[2 * x] = w1;
        weights[2 * x + 1] = w2;
      }
    }
    row_ab += (b.x - a.x) * kSubpixel;
    row_bc += (c.x - b.x) * kSubpixel;
    row_ca += (a.x - c.x) * kSubpixel;
  }
}

// How much every vertex faces the camera, [0, 1]: the cosine of its smooth normal, which is that of the face
// alone: the skirt and the hole of the mouth do not bend it.
std::vector<float> facing(const FaceModel& model, const Vertices& v) {
  Vertices normals = Vertices::Zero(v.rows(), 3);
  for (std::size_t i = 0; i < model.triangles.size(); ++i) {
    if (model.regions[i] == Region::mouth || model.regions[i] == Region::skirt) continue;
    const Triangle& t = model.triangles[i];
    Eigen::Vector3f a = v.row(t[0]), b = v.row(t[1]), c = v.row(t[2]);
    Eigen::Vector3f normal = (b - a).cross(c - a);
    for (int k : t) normals.row(k) += normal.transpose();
  }
  std::vector<float> out(std::size_t(v.rows()));
  for (Eigen::Index i = 0; i < v.rows(); ++i) {
    float length = normals.row(i).norm();
    out[std::size_t(i)] = length > 0 ? std::clamp(-normals(i, 2) / length, 0.F, 1.F) : 0.F;
  }
  return out;
}

}  // namespace

void rasterize(const FaceModel& model, const Vertices& vertices, int width, int height, Raster* out) {
  fit(&out->triangle, width, height, 1);
  fit(&out->barycentric, width, height, 2);
  fit(&out->depth, width, height, 1);
  std::fill(out->triangle.data.begin(), out->triangle.data.end(), -1);
  std::fill(out->depth.data.begin(), out->depth.data.end(), std::numeric_limits<float>::infinity());
  for (std::size_t i = 0; i < model.triangles.size(); ++i)
    if (is_drawable(vertices, model.triangles[i])) draw(vertices, model.triangles[i], std::int32_t(i), out);
}

void shade(const FaceModel& model, const Vertices& vertices, const Raster& raster, core::ImageF* out) {
  const std::vector<float> light = facing(model, vertices);
  const int width = raster.triangle.width, height = raster.triangle.height;
  fit(out, width, height, 1);
  for (std::size_t i = 0; i < out->data.size(); ++i) {
    const std::int32_t index = raster.triangle.data[i];
    if (index < 0 || model.regions[std::size_t(index)] == Region::mouth ||
        model.regions[std::size_t(index)] == Region::skirt) {
      out->data[i] = 0;
      continue;
    }
    const Triangle& t = model.triangles[std::size_t(index)];
    const float w1 = raster.barycentric.data[2 * i], w2 = raster.barycentric.data[2 * i + 1];
    out->data[i] = (1 - w1 - w2) * light[std::size_t(t[0])] + w1 * light[std::size_t(t[1])] +
                   w2 * light[std::size_t(t[2])];
  }
}

void interpolate(const FaceModel& model, const Raster& raster,
                 const Eigen::Matrix<float, Eigen::Dynamic, 2, Eigen::RowMajor>& attribute,
                 core::ImageF* out) {
  const int width = raster.triangle.width, height = raster.triangle.height;
  fit(out, width, height, 2);
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  for (std::size_t i = 0; i < raster.triangle.data.size(); ++i) {
    const std::int32_t index = raster.triangle.data[i];
    float* to = out->data.data() + 2 * i;
    if (index < 0) {
      to[0] = to[1] = nan;
      continue;
    }
    const Triangle& t = model.triangles[std::size_t(index)];
    const float w1 = raster.barycentric.data[2 * i], w2 = raster.barycentric.data[2 * i + 1],
                w0 = 1 - w1 - w2;
    const float *a = attribute.data() + 2 * t[0], *b = attribute.data() + 2 * t[1],
                *c = attribute.data() + 2 * t[2];
    to[0] = w0 * a[0] + w1 * b[0] + w2 * c[0];
    to[1] = w0 * a[1] + w1 * b[1] + w2 * c[1];
  }
}

}  // namespace resyncer::mesh
