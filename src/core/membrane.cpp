#include "resyncer/core/membrane.h"

#include <algorithm>
#include <array>
#include <utility>

namespace resyncer::core {

namespace {
constexpr float kStiffness = 4;  // pull of a value of weight 1 against the mean of its four neighbours
constexpr int kIterations = 8;   // Jacobi steps a level; the coarser level has done the long way
constexpr int kMaxLevels = 12;

// Weighted means of 2 x 2 cells.
void pull(const Grid& fine, const Grid& coarse) {
  std::fill_n(coarse.data, coarse.floats(), 0.F);
  for (int y = 0; y < fine.height; ++y) {
    for (int x = 0; x < fine.width; ++x) {
      const std::size_t from = std::size_t(y) * fine.width + x,
                        to = std::size_t(y / 2) * coarse.width + x / 2;
      const float w = fine.weight()[from];
      if (w <= 0) continue;
      for (int c = 0; c < fine.channels; ++c) coarse.value(c)[to] += w * fine.value(c)[from];
      coarse.weight()[to] += w;
    }
  }
  for (std::size_t i = 0; i < coarse.cells(); ++i) {
    float& w = coarse.weight()[i];
    if (w <= 0) continue;
    for (int c = 0; c < coarse.channels; ++c) coarse.value(c)[i] /= w;
    w = std::min(w, 1.F);
  }
}

// Bilinear interpolation of the coarse solution at the fine cells' centres.
void push(const float* coarse, int coarse_width, int coarse_height, float* fine, int width, int height) {
  auto taps = [](int i, int n) {
    const int near = i / 2, far = std::clamp(i % 2 == 0 ? near - 1 : near + 1, 0, n - 1);
    return std::pair(near, far);
  };
  for (int y = 0; y < height; ++y) {
    const auto [y0, y1] = taps(y, coarse_height);
    const float *a = coarse + std::size_t(y0) * coarse_width, *b = coarse + std::size_t(y1) * coarse_width;
    for (int x = 0; x < width; ++x) {
      const auto [x0, x1] = taps(x, coarse_width);
      fine[std::size_t(y) * width + x] = 0.5625F * a[x0] + 0.1875F * (a[x1] + b[x0]) + 0.0625F * b[x1];
    }
  }
}

// One Jacobi step; beyond the border the surface goes on flat. `padded` has room for a row and two cells
// more.
void relax(const float* now, const float* data, const float* weight, int width, int height, float* padded,
           float* next) {
  for (int y = 0; y < height; ++y) {
    const float* middle = now + std::size_t(y) * width;
    const float* above = y > 0 ? middle - width : middle;
    const float* below = y + 1 < height ? middle + width : middle;
    std::copy_n(middle, width, padded + 1);
    padded[0] = middle[0];
    padded[width + 1] = middle[width - 1];
    const std::size_t row = std::size_t(y) * width;
    for (int x = 0; x < width; ++x) {
      const float pull_to_data = kStiffness * weight[row + x];
      const float mean = 0.25F * (padded[x] + padded[x + 2] + above[x] + below[x]);
      next[row + x] = (pull_to_data * data[row + x] + mean) / (pull_to_data + 1);
    }
  }
}
}  // namespace

bool solve_membrane(Grid* grid, std::vector<float>* memory) {
  std::array<Grid, kMaxLevels> levels;
  std::size_t total = grid->floats();
  int count = 1;
  levels[0] = *grid;
  while (count < kMaxLevels && (levels[count - 1].width > 1 || levels[count - 1].height > 1)) {
    Grid& next = levels[count] = levels[count - 1];
    next.width = (next.width + 1) / 2;
    next.height = (next.height + 1) / 2;
    total += next.floats();
    ++count;
  }
  const std::size_t cells = grid->cells();
  memory->resize(total + 2 * cells + std::size_t(grid->width) + 2);
  float* data = memory->data();
  for (int l = 0; l < count; ++l) data = (levels[l].data = data) + levels[l].floats();
  float* padded = data + 2 * cells;
  grid->data = levels[0].data;

  for (int l = 1; l < count; ++l) pull(levels[l - 1], levels[l]);
  const Grid& top = levels[count - 1];
  if (*std::max_element(top.weight(), top.weight() + top.cells()) <= 0) return false;

  for (int c = 0; c < grid->channels; ++c) {
    float *now = data, *next = data + cells;
    std::copy_n(top.value(c), top.cells(), now);
    for (int l = count - 2; l >= 0; --l) {
      const Grid& level = levels[l];
      push(now, levels[l + 1].width, levels[l + 1].height, next, level.width, level.height);
      std::swap(now, next);
      for (int i = 0; i < kIterations; ++i) {
        relax(now, level.value(c), level.weight(), level.width, level.height, padded, next);
        std::swap(now, next);
      }
    }
    std::copy_n(now, cells, grid->value(c));
  }
  return true;
}

}  // namespace resyncer::core
