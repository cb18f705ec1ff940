#include "generator/skin_visibility.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace resyncer::generator {

namespace {

constexpr float kCellCm = 0.12F;
// Of logarithms: how far skin lies from its model, in brightness below and above it, and in colour.
constexpr float kDarker = 0.3F, kBrighter = 0.5F, kTinge = 0.12F;
constexpr float kSurelySkin = 1.2F, kSurelyNot = 2.2F;  // of these

float smooth_step(float from, float to, float x) {
  const float t = std::clamp((x - from) / (to - from), 0.F, 1.F);
  return t * t * (3 - 2 * t);
}

// Control vertices (mesh/cage.cpp) where hair may hang: forehead, temples, the sides; not what has brows,
// lashes, lips, a beard of its own.
Eigen::VectorXf hair_share(const mesh::FaceModel& model) {
  Eigen::VectorXf share = Eigen::VectorXf::Zero(model.control_count());
  for (int i : {85, 86, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100}) share[i] = 1;
  for (int i : {0, 1, 2, 14, 15, 16}) share[i] = 1;
  for (int i = 68; i < 72; ++i) share[i] = share[84 - (i - 68)] = 1;
  for (int i : {103, 104, 109, 110}) share[i] = 1;
  for (int i : {3, 13, 71, 81}) share[i] = 0.5F;
  for (int i : {17, 26}) share[i] = 0.3F;
  return model.subdivision * share;
}

struct Grid {
  int width, height, cell;
  std::vector<float> value;
  float at(int x, int y) const {
    return value[std::size_t(std::clamp(y, 0, height - 1)) * std::size_t(width) +
                 std::size_t(std::clamp(x, 0, width - 1))];
  }
};

// How unlike skin a colour is, in deviations.
float strangeness(const Eigen::Array3f& colour, const Eigen::Array3f& skin) {
  const Eigen::Array3f difference = (colour + kDark).log() - skin;
  const float brightness = difference.mean();
  const float light = brightness / (brightness < 0 ? kDarker : kBrighter);
  return std::sqrt(light * light + (difference - brightness).square().sum() / (kTinge * kTinge));
}

float seen_in_cell(const mesh::FaceModel& model, const Eigen::VectorXf& share, const SkinView& view,
                   const core::Box& cell) {
  const int x = (cell.left + cell.right) / 2, y = (cell.top + cell.bottom) / 2;
  const std::int32_t owner = view.raster.triangle.at(x, y);
  if (owner < 0) return 1;
  const mesh::Triangle& t = model.triangles[std::size_t(owner)];
  const float w1 = view.raster.barycentric.at(x, y, 0), w2 = view.raster.barycentric.at(x, y, 1),
              w0 = 1 - w1 - w2;
  const float possible = smooth_step(0.1F, 0.4F, w0 * share[t[0]] + w1 * share[t[1]] + w2 * share[t[2]]);
  if (possible <= 0) return 1;
  Eigen::Array3f sum = Eigen::Array3f::Zero();
  int count = 0;
  for (int v = cell.top; v < cell.bottom; ++v)
    for (int u = cell.left; u < cell.right; ++u) {
      if (view.inside != nullptr && view.inside->at(u, v) <= 0) continue;
      ++count;
      sum += Eigen::Map<const Eigen::Array3f>(view.rgb.row(v) + 3 * u);
    }
  if (count == 0) return 1;
  const Eigen::Array3f colour = sum / float(count);
  const Eigen::Array3f skin =
      (w0 * view.skin.row(t[0]) + w1 * view.skin.row(t[1]) + w2 * view.skin.row(t[2])).transpose();
  return 1 - possible * smooth_step(kSurelySkin, kSurelyNot, strangeness(colour, skin));
}

// The least of the neighbours, so that strands take their fringe along; then their mean, twice.
void spread(Grid* grid) {
  for (const bool least : {true, false, false}) {
    const Grid from = *grid;
    const int reach = 2;
    for (int y = 0; y < grid->height; ++y)
      for (int x = 0; x < grid->width; ++x) {
        float low = 1, sum = 0;
        for (int v = y - reach; v <= y + reach; ++v)
          for (int u = x - reach; u <= x + reach; ++u)
            low = std::min(low, from.at(u, v)), sum += from.at(u, v);
        grid->value[std::size_t(y) * std::size_t(grid->width) + std::size_t(x)] =
            least ? low : sum / float((2 * reach + 1) * (2 * reach + 1));
      }
  }
}

}  // namespace

void hide_hair(const mesh::FaceModel& model, const SkinView& view, core::ImageF* seen) {
  const int cell = std::max(1, int(std::lround(kCellCm * view.px_per_cm)));
  Grid grid{(seen->width + cell - 1) / cell, (seen->height + cell - 1) / cell, cell, {}};
  const Eigen::VectorXf share = hair_share(model);
  for (int y = 0; y < grid.height; ++y)
    for (int x = 0; x < grid.width; ++x)
      grid.value.push_back(seen_in_cell(model, share, view,
                                        {x * cell, y * cell, std::min(seen->width, (x + 1) * cell),
                                         std::min(seen->height, (y + 1) * cell)}));
  spread(&grid);
  for (int y = 0; y < seen->height; ++y) {
    const float v = (float(y) + 0.5F) / float(cell) - 0.5F;
    const int j = int(std::floor(v));
    for (int x = 0; x < seen->width; ++x) {
      const float u = (float(x) + 0.5F) / float(cell) - 0.5F;
      const int i = int(std::floor(u));
      const float s = u - float(i), t = v - float(j);
      seen->at(x, y) *= (1 - t) * ((1 - s) * grid.at(i, j) + s * grid.at(i + 1, j)) +
                        t * ((1 - s) * grid.at(i, j + 1) + s * grid.at(i + 1, j + 1));
    }
  }
}

}  // namespace resyncer::generator
