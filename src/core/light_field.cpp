#include "resyncer/core/light_field.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

namespace resyncer::core {

namespace {
constexpr int kCells = 64;      // largest extent of the grid
constexpr int kMinCell = 4;     // px: finer than this is texture, not light
constexpr int kNeighbours = 3;  // reach of the median along the rim, cells

// Cells of a grid row to pixels, linearly; `step` floats from pixel to pixel.
void expand_row(const float* cells, int count, int cell, int n, int step, float* out) {
  const float per_cell = 1 / float(cell);
  for (int x = 0; x < n; ++x) {
    const float u = std::clamp((float(x) + 0.5F) * per_cell - 0.5F, 0.F, float(count - 1));
    const int i = std::min(int(u), std::max(0, count - 2)), j = std::min(i + 1, count - 1);
    out[std::ptrdiff_t{x} * step] = cells[i] + (u - float(i)) * (cells[j] - cells[i]);
  }
}

constexpr int kMostNear = (2 * kNeighbours + 1) * (2 * kNeighbours + 1);
constexpr int kMostSorted = 64;                       // the power of two above
using Cell = float __attribute__((vector_size(16)));  // all channels of a cell; elementwise (GCC and Clang)

// Pairs to be put in order, one after the other, so that 2^n numbers are sorted: Batcher's odd-even merge
// sort (1968). It has no branches and sorts all channels at once: renders gained a fifth
// over std::nth_element (docs/benchmarks.md).
std::vector<std::array<std::uint8_t, 2>> sorting_network(int size) {
  std::vector<std::array<std::uint8_t, 2>> pairs;
  for (int p = 1; p < size; p *= 2)
    for (int k = p; k >= 1; k /= 2)
      for (int j = k % p; j + k < size; j += 2 * k)
        for (int i = j; i < std::min(j + k, size - k); ++i)
          if (i / (2 * p) == (i + k) / (2 * p)) pairs.push_back({std::uint8_t(i), std::uint8_t(i + k)});
  return pairs;
}

// Of each channel the number that n / 2 others do not exceed. Reorders the cells; n is at least 1.
Cell median(std::array<Cell, kMostSorted>* cells, int n) {
  static_assert(kMostNear <= kMostSorted);
  static const auto small = sorting_network(16), middle = sorting_network(32),
                    large = sorting_network(kMostSorted);
  const int size = n <= 16 ? 16 : n <= 32 ? 32 : kMostSorted;
  constexpr float kLast = std::numeric_limits<float>::infinity();
  std::fill(cells->begin() + n, cells->begin() + size, Cell{kLast, kLast, kLast, kLast});
  for (const auto& [i, j] : size == 16 ? small : size == 32 ? middle : large) {
    const Cell a = (*cells)[i], b = (*cells)[j];
    (*cells)[i] = a < b ? a : b;
    (*cells)[j] = a < b ? b : a;
  }
  return (*cells)[std::size_t(n / 2)];
}
}  // namespace

void LightField::reset(int width, int height) {
  width_ = width, height_ = height;
  cell_ = std::max(kMinCell, (std::max(width, height) + kCells - 1) / kCells);
  means_ = {(width + cell_ - 1) / cell_, (height + cell_ - 1) / cell_, kChannels, nullptr};
  sums_.assign(means_.floats(), 0.F);
  means_.data = sums_.data();
  held_ = {-1, -1};
}

bool LightField::spread(float limit) {
  average_cells();
  grid_ = means_;
  memory_.assign(grid_.floats(), 0.F);
  grid_.data = memory_.data();
  smooth_rim(limit);
  return solve_membrane(&grid_, &memory_);
}

// Sums to means; weight 1 from a row's worth of pixels on.
void LightField::average_cells() {
  for (std::size_t i = 0; i < means_.cells(); ++i) {
    float& w = means_.weight()[i];
    if (w <= 0) continue;
    for (int c = 0; c < kChannels; ++c) means_.value(c)[i] /= w;
    w = std::min(1.F, w / float(cell_));
  }
}

// Median of the rim's cells around each of them, so that a strand of hair or a spot of background does not
// count; then the clamp. What is far beyond the limit gets little weight, and the membrane bridges it from
// its neighbours.
void LightField::smooth_rim(float limit) {
  static_assert(kChannels == 4);
  std::array<Cell, kMostSorted> near{};
  for (int y = 0; y < means_.height; ++y) {
    for (int x = 0; x < means_.width; ++x) {
      const std::size_t at = std::size_t(y) * means_.width + x;
      float& weight = grid_.weight()[at] = means_.weight()[at];
      if (weight <= 0) continue;
      int n = 0;
      const int right = std::min(means_.width - 1, x + kNeighbours),
                bottom = std::min(means_.height - 1, y + kNeighbours);
      for (int v = std::max(0, y - kNeighbours); v <= bottom; ++v) {
        for (int u = std::max(0, x - kNeighbours); u <= right; ++u) {
          const std::size_t from = std::size_t(v) * means_.width + u;
          if (means_.weight()[from] <= 0) continue;
          near[std::size_t(n++)] = Cell{means_.value(0)[from], means_.value(1)[from], means_.value(2)[from],
                                        means_.value(3)[from]};
        }
      }
      const Cell middle = median(&near, n);
      float excess = 0;
      for (int c = 0; c < kChannels; ++c) {
        grid_.value(c)[at] = c < 3 ? std::clamp(middle[c], -limit, limit) : middle[c];
        if (c < 3) excess = std::max(excess, std::abs(middle[c]) / limit);
      }
      weight /= 1 + excess * excess * excess * excess;
    }
  }
}

// A grid row at the picture's columns: n corrections (R, G, B interleaved), then n rim brightnesses.
void LightField::expand_grid_row(int row, float* out) const {
  for (int c = 0; c < kChannels; ++c) {
    const float* cells = grid_.value(c) + std::size_t(row) * grid_.width;
    expand_row(cells, grid_.width, cell_, width_, c < 3 ? 3 : 1,
               c < 3 ? out + c : out + 3 * std::ptrdiff_t{width_});
  }
}

const float* LightField::expanded(int row) {  // two grid rows are in use at a time, one even and one odd
  float* band = bands_.data() + std::size_t(row & 1) * kChannels * std::size_t(width_);
  if (std::exchange(held_[std::size_t(row & 1)], row) != row) expand_grid_row(row, band);
  return band;
}

void LightField::correct_row(int y, float strength, float* rgb) {
  const auto n = std::ptrdiff_t(width_);
  bands_.resize(3 * kChannels * std::size_t(n));
  const float v = std::clamp((float(y) + 0.5F) / float(cell_) - 0.5F, 0.F, float(grid_.height - 1));
  const int i = std::min(int(v), std::max(0, grid_.height - 2)), j = std::min(i + 1, grid_.height - 1);
  const float *above = expanded(i), *below = expanded(j);
  const float t = v - float(i);
  float* share = bands_.data() + 2 * kChannels * n;
  const float *bright0 = above + 3 * n, *bright1 = below + 3 * n;
  for (std::ptrdiff_t x = 0; x < n; ++x) {  // below half the rim's brightness proportionally less
    const float rim = bright0[x] + t * (bright1[x] - bright0[x]);
    const float s = strength * std::min(1.F, 2 * brightness(rgb + 3 * x) / std::max(rim, 1e-3F));
    share[3 * x] = share[3 * x + 1] = share[3 * x + 2] = s;
  }
  for (std::ptrdiff_t k = 0; k < 3 * n; ++k)
    rgb[k] = std::clamp(rgb[k] + share[k] * (above[k] + t * (below[k] - above[k])), 0.F, 1.F);
}

}  // namespace resyncer::core
