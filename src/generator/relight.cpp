#include <Eigen/Dense>
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "resyncer/generator/whole_face.h"

namespace resyncer::generator {

namespace {

constexpr int kHarmonics = 9;
using Harmonics = Eigen::Matrix<float, 1, kHarmonics>;
using Log = Eigen::RowVector3f;

constexpr float kReachCm = 0.2F;    // of the mean of a picture about a vertex
constexpr float kDark = 0.02F;      // added before the logarithm
constexpr float kOutlier = 0.12F;   // of a logarithm: what differs by more is rather no skin
constexpr int kRounds = 8;          // of reweighting
constexpr float kLargest = 1.4F;    // of a logarithm: a gain of four
constexpr float kFacing = 0.25F;    // cosine to the viewer from which a vertex counts
constexpr float kFaceCm = 13.1F;    // landmark 3 to 13
constexpr Eigen::Index kFewest = 40;  // vertices

// Of the first and the second order; the latter must be well founded.
constexpr std::array<float, kHarmonics> kRidge{0, 0.01F, 0.01F, 0.01F, 0.04F, 0.04F, 0.04F, 0.04F, 0.04F};

Harmonics harmonics(const Eigen::RowVector3f& n) {
  const float x = n.x(), y = n.y(), z = n.z();
  Harmonics h;
  h << 1, x, y, z, x * y, x * z, y * z, x * x - y * y, 3 * z * z - 1;
  return h;
}

mesh::Vertices normals(const mesh::FaceModel& model, const mesh::Vertices& v) {
  mesh::Vertices n = mesh::Vertices::Zero(v.rows(), 3);
  for (const mesh::Triangle& t : model.triangles) {
    const Eigen::RowVector3f a = v.row(t[1]) - v.row(t[0]), b = v.row(t[2]) - v.row(t[0]), c = a.cross(b);
    for (int i : t) n.row(i) += c;
  }
  for (Eigen::Index i = 0; i < n.rows(); ++i) {
    const float length = n.row(i).norm();
    if (length > 0) n.row(i) /= n(i, 2) > 0 ? -length : length;  // outwards, to the viewer
  }
  return n;
}

// 1 on the skin of forehead, nose, cheeks and chin; 0 on brows, eyes, mouth and outline.
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

// Mean over a square; false when it leaves the picture or the mask.
bool mean_at(const core::ImageF& rgb, const core::ImageF& alpha, float x, float y, int reach, Log* out) {
  const int left = int(std::floor(x)) - reach, top = int(std::floor(y)) - reach, n = 2 * reach + 1;
  if (!(left >= 0 && top >= 0 && left + n <= rgb.width && top + n <= rgb.height)) return false;
  if (alpha.at(left + reach, top + reach) <= 0) return false;
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
  Eigen::Matrix<float, Eigen::Dynamic, 3> ratio;  // logarithms
  Eigen::VectorXf weight;
};

Samples gather(const mesh::FaceModel& model, const OwnFace& own, const mesh::Vertices& painted,
               const mesh::Vertices& n, const core::Patch& patch) {
  const Eigen::VectorXf skin = skin_share(model);
  const float cm = (painted.row(13) - painted.row(3)).norm() / kFaceCm;
  const int reach = std::clamp(int(std::lround(kReachCm * cm)), 1, 24);
  Samples s;
  s.shape.resize(painted.rows(), kHarmonics);
  s.ratio.resize(painted.rows(), 3);
  s.weight.resize(painted.rows());
  Eigen::Index count = 0;
  for (Eigen::Index i = 0; i < painted.rows(); ++i) {
    const float weight = skin[i] * std::max(0.F, -n(i, 2) - kFacing);
    const float x = painted(i, 0) - float(patch.roi.left), y = painted(i, 1) - float(patch.roi.top);
    Log mine, theirs;
    if (weight <= 0 || !mean_at(*own.rgb, patch.alpha, x, y, reach, &mine) ||
        !mean_at(patch.rgb, patch.alpha, x, y, reach, &theirs))
      continue;
    s.shape.row(count) = harmonics(n.row(i));
    s.ratio.row(count) = ((mine.array() + kDark) / (theirs.array() + kDark)).log().matrix();
    s.weight[count++] = weight;
  }
  s.shape.conservativeResize(count, Eigen::NoChange);
  s.ratio.conservativeResize(count, Eigen::NoChange);
  s.weight.conservativeResize(count);
  return s;
}

using Light = Eigen::Matrix<float, kHarmonics, 3>;

Light median_light(const Samples& s) {
  Light light = Light::Zero();
  for (int c = 0; c < 3; ++c) {
    std::vector<float> values(s.ratio.col(c).data(), s.ratio.col(c).data() + s.ratio.rows());
    std::nth_element(values.begin(), values.begin() + std::ptrdiff_t(values.size() / 2), values.end());
    light(0, c) = values[values.size() / 2];
  }
  return light;
}

// Iteratively reweighted least squares with Cauchy's weights.
Light fit(const Samples& s) {
  Light light = median_light(s);
  for (int round = 0; round < kRounds; ++round) {
    const Eigen::ArrayXf error = (s.ratio - s.shape * light).rowwise().squaredNorm();
    // From wide to narrow, so that the start does not decide.
    const float scale = kOutlier * (1 + 3 * float(kRounds - 1 - round) / kRounds);
    const Eigen::VectorXf w = s.weight.array() / (1 + error / (scale * scale));
    Eigen::Matrix<float, kHarmonics, kHarmonics> a = s.shape.transpose() * w.asDiagonal() * s.shape;
    for (int k = 0; k < kHarmonics; ++k) a(k, k) += kRidge[std::size_t(k)] * w.sum();
    light = a.ldlt().solve(s.shape.transpose() * w.asDiagonal() * s.ratio);
  }
  return light;
}

}  // namespace

void relight(const mesh::FaceModel& model, const OwnFace& own, const mesh::Vertices& painted,
             const GuidanceScratch& scratch, core::Patch* patch) {
  const mesh::Vertices n = normals(model, painted);
  const Samples samples = gather(model, own, painted, n, *patch);
  if (samples.weight.size() < kFewest) return;
  const Light light = fit(samples);
  mesh::Vertices gain(n.rows(), 3);
  for (Eigen::Index i = 0; i < n.rows(); ++i)
    gain.row(i) =
        (harmonics(n.row(i)) * light).array().max(-kLargest).min(kLargest).exp().matrix();
  const Eigen::RowVector3f usual = gain.colwise().mean();
  for (int y = 0; y < patch->rgb.height; ++y) {
    float* rgb = patch->rgb.row(y);
    const float* alpha = patch->alpha.row(y);
    const std::int32_t* owner = scratch.raster.triangle.row(y);
    const float* weights = scratch.raster.barycentric.row(y);
    for (int x = 0; x < patch->rgb.width; ++x, rgb += 3) {
      if (alpha[x] <= 0) continue;
      Eigen::RowVector3f g = usual;
      if (owner[x] >= 0) {
        const mesh::Triangle& t = model.triangles[std::size_t(owner[x])];
        const float w1 = weights[2 * x], w2 = weights[2 * x + 1];
        g = (1 - w1 - w2) * gain.row(t[0]) + w1 * gain.row(t[1]) + w2 * gain.row(t[2]);
      }
      for (int c = 0; c < 3; ++c) rgb[c] = std::clamp((rgb[c] + kDark) * g[c] - kDark, 0.F, 1.F);
    }
  }
}

}  // namespace resyncer::generator
