#include "generator/skin_light.h"

#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "resyncer/mesh/camera.h"

namespace resyncer::generator {

namespace {

using Harmonics = Eigen::Matrix<float, 1, kHarmonics>;
using Log = Eigen::RowVector3f;  // of R, G, B

constexpr float kReachCm = 0.2F;      // of the mean of a picture about a vertex
constexpr float kOutlier = 0.12F;     // of a logarithm: what differs by more is rather no skin
constexpr int kRounds = 8;            // of reweighting
constexpr float kFacing = 0.25F;      // cosine to the viewer from which a vertex counts
constexpr Eigen::Index kFewest = 40;  // vertices

// Of the first and the second order; the latter must be well founded.
constexpr std::array<float, kHarmonics> kRidge{0, 0.01F, 0.01F, 0.01F, 0.1F, 0.1F, 0.1F, 0.1F, 0.1F};

Harmonics harmonics(const Eigen::RowVector3f& n) {
  const float x = n.x(), y = n.y(), z = n.z();
  Harmonics h;
  h << 1, x, y, z, x * y, x * z, y * z, x * x - y * y, 3 * z * z - 1;
  return h;
}

// Mean over a square; false when it leaves the picture or the mask.
bool mean_at(const core::ImageF& rgb, const core::ImageF& inside, float x, float y, int reach, Log* out) {
  const int left = int(std::floor(x)) - reach, top = int(std::floor(y)) - reach, n = 2 * reach + 1;
  if (!(left >= 0 && top >= 0 && left + n <= rgb.width && top + n <= rgb.height)) return false;
  if (!is_painted(inside, left, top, n)) return false;
  Log sum = Log::Zero();
  for (int v = top; v < top + n; ++v) {
    const float* p = rgb.row(v) + 3 * left;
    for (int u = 0; u < n; ++u, p += 3) sum += Eigen::Map<const Log>(p);
  }
  *out = sum / float(n * n);
  return true;
}

struct Samples {
  Eigen::Matrix<float, Eigen::Dynamic, kHarmonics> shape;
  Eigen::Matrix<float, Eigen::Dynamic, 3> colour;  // logarithms
  Eigen::VectorXf weight;
};

Samples gather(const mesh::FaceModel& model, const mesh::Vertices& dense, const mesh::Vertices& n,
               const core::ImageF& rgb, const core::ImageF& inside) {
  const Eigen::VectorXf skin = skin_share(model);
  const float cm = mesh::px_per_cm(dense);
  const int reach = std::clamp(int(std::lround(kReachCm * cm)), 1, 24);
  Samples s;
  s.shape.resize(dense.rows(), kHarmonics);
  s.colour.resize(dense.rows(), 3);
  s.weight.resize(dense.rows());
  Eigen::Index count = 0;
  for (Eigen::Index i = 0; i < dense.rows(); ++i) {
    const float weight = skin[i] * std::max(0.F, -n(i, 2) - kFacing);
    Log mean;
    if (weight <= 0 || !mean_at(rgb, inside, dense(i, 0), dense(i, 1), reach, &mean)) continue;
    s.shape.row(count) = harmonics(n.row(i));
    s.colour.row(count) = (mean.array() + kDark).log().matrix();
    s.weight[count++] = weight;
  }
  s.shape.conservativeResize(count, Eigen::NoChange);
  s.colour.conservativeResize(count, Eigen::NoChange);
  s.weight.conservativeResize(count);
  return s;
}

SkinLight median_light(const Samples& s) {
  SkinLight light = SkinLight::Zero();
  for (int c = 0; c < 3; ++c) {
    std::vector<float> values(s.colour.col(c).data(), s.colour.col(c).data() + s.colour.rows());
    std::nth_element(values.begin(), values.begin() + std::ptrdiff_t(values.size() / 2), values.end());
    light(0, c) = values[values.size() / 2];
  }
  return light;
}

// Iteratively reweighted least squares with Cauchy's weights.
SkinLight fit(const Samples& s) {
  SkinLight light = median_light(s);
  for (int round = 0; round < kRounds; ++round) {
    const Eigen::ArrayXf error = (s.colour - s.shape * light).rowwise().squaredNorm();
    // From wide to narrow, so that the start does not decide.
    const float scale = kOutlier * (1 + 3 * float(kRounds - 1 - round) / kRounds);
    const Eigen::VectorXf w = s.weight.array() / (1 + error / (scale * scale));
    Eigen::Matrix<float, kHarmonics, kHarmonics> a = s.shape.transpose() * w.asDiagonal() * s.shape;
    for (int k = 0; k < kHarmonics; ++k) a(k, k) += kRidge[std::size_t(k)] * w.sum();
    light = a.ldlt().solve(s.shape.transpose() * w.asDiagonal() * s.colour);
  }
  return light;
}

}  // namespace

Eigen::VectorXf skin_share(const mesh::FaceModel& model) {
  Eigen::VectorXf share = Eigen::VectorXf::Ones(model.control_count());
  share.head(17).setZero();
  share.segment(17, 10).setZero();
  share.segment(36, 32).setZero();
  share.segment(68, 17).setZero();
  for (int i : {85, 91, 92, 99, 100, 101, 102}) share[i] = 0;
  for (int i = 31; i < 36; ++i) share[i] = 0.3F;
  return (model.subdivision * share).cwiseMax(0.F).cwiseMin(1.F);
}

bool is_painted(const core::ImageF& inside, int left, int top, int side) {
  for (int y : {top, top + side / 2, top + side - 1})
    for (int x : {left, left + side / 2, left + side - 1})
      if (inside.at(x, y) <= 0) return false;
  return true;
}

mesh::Vertices normals(const mesh::FaceModel& model, const mesh::Vertices& v) {
  mesh::Vertices n = mesh::Vertices::Zero(v.rows(), 3);
  for (const mesh::Triangle& t : model.triangles) {
    const Eigen::RowVector3f a = v.row(t[1]) - v.row(t[0]), b = v.row(t[2]) - v.row(t[0]), c = a.cross(b);
    for (int i : t) n.row(i) += c;
  }
  for (Eigen::Index i = 0; i < n.rows(); ++i) {
    const float length = n.row(i).norm();
    if (length > 0) n.row(i) /= length;
  }
  return n;
}

mesh::Vertices skin_colours(const SkinLight& light, const mesh::Vertices& n) {
  mesh::Vertices colours(n.rows(), 3);
  for (Eigen::Index i = 0; i < n.rows(); ++i) colours.row(i) = harmonics(n.row(i)) * light;
  return colours;
}

std::optional<SkinLight> fit_skin_light(const mesh::FaceModel& model, const mesh::Vertices& dense,
                                        const mesh::Vertices& n, const core::ImageF& rgb,
                                        const core::ImageF& inside) {
  const Samples samples = gather(model, dense, n, rgb, inside);
  if (samples.weight.size() < kFewest) return std::nullopt;
  return fit(samples);
}

}  // namespace resyncer::generator
