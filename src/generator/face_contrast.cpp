#include "generator/face_contrast.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "resyncer/mesh/camera.h"

namespace resyncer::generator {

namespace {

constexpr float kReachCm = 0.15F;
constexpr float kFacing = 0.25F;  // cosine to the viewer from which a vertex counts

// 1 inside the face: brows, eyes, nose, mouth and what lies between them.
Eigen::VectorXf inner_share(const mesh::FaceModel& model) {
  Eigen::VectorXf share = Eigen::VectorXf::Ones(model.control_count());
  share.head(17).setZero();
  share.segment(68, 17).setZero();
  for (int i : {85, 86, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100}) share[i] = 0;
  share.segment(60, 8).setZero();  // the mouth's inside comes and goes
  return model.subdivision * share;
}

struct Spot {
  Eigen::Array3f mean;  // logarithm of the mean
  float deviation;      // of the logarithm of the brightness
};

Spot look(const core::ImageF& rgb, int left, int top, int n) {
  Eigen::Array3f sum = Eigen::Array3f::Zero();
  float logs = 0, squares = 0;
  for (int v = top; v < top + n; ++v)
    for (int u = left; u < left + n; ++u) {
      const Eigen::Array3f p = Eigen::Map<const Eigen::Array3f>(rgb.row(v) + 3 * u);
      sum += p;
      const float l = std::log(p.mean() + kDark);
      logs += l, squares += l * l;
    }
  const float count = float(n * n), mean = logs / count;
  return {(sum / count + kDark).log(), std::sqrt(std::max(0.F, squares / count - mean * mean))};
}

float median(std::vector<float> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + std::ptrdiff_t(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

float mean(const std::vector<float>& values) {
  float sum = 0;
  for (float v : values) sum += v / float(values.size());
  return sum;
}

}  // namespace

FaceContrast measure_contrast(const mesh::FaceModel& model, const mesh::Vertices& dense,
                              const mesh::Vertices& normals, const mesh::Vertices& skin,
                              const core::ImageF& rgb, const core::ImageF& inside) {
  const Eigen::VectorXf inner = inner_share(model), is_skin = skin_share(model);
  const float cm = mesh::px_per_cm(dense);
  const int reach = std::clamp(int(std::lround(kReachCm * cm)), 1, 24), n = 2 * reach + 1;
  std::vector<float> light, colour, fine;
  for (Eigen::Index i = 0; i < dense.rows(); ++i) {
    const int left = int(std::floor(dense(i, 0))) - reach, top = int(std::floor(dense(i, 1))) - reach;
    if (inner[i] < 0.5F || -normals(i, 2) < kFacing || left < 0 || top < 0 || left + n > rgb.width ||
        top + n > rgb.height || inside.at(left + reach, top + reach) < 0.5F ||
        !is_painted(inside, left, top, n))
      continue;
    const Spot spot = look(rgb, left, top, n);
    const Eigen::Array3f difference = spot.mean - skin.row(i).transpose().array();
    const float brightness = difference.mean();
    light.push_back(std::abs(brightness));
    colour.push_back(std::sqrt((difference - brightness).square().sum()));
    if (is_skin[i] > 0.9F) fine.push_back(spot.deviation);
  }
  return {mean(light), mean(colour), median(fine)};
}

}  // namespace resyncer::generator
