#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "compose/code_space.h"
#include "compose/membrane.h"
#include "compose/picture.h"
#include "compose/rows.h"

namespace resyncer::compose {

namespace {
constexpr int kCells = 64;      // largest extent of the grid
constexpr int kMinCell = 4;     // px: finer than this is texture, not light
constexpr int kNeighbours = 3;  // reach of the median along the rim, cells
constexpr float kInsideFeather = 0.5F;
constexpr int kChannels = 4;  // correction of R, G, B, and the brightness of the rim

float brightness(const float* rgb) { return 0.25F * rgb[0] + 0.5F * rgb[1] + 0.25F * rgb[2]; }

// Whether a pixel's 4-neighbourhood has alpha 0; beyond the roi alpha is 0, beyond the frame nothing is
// known.
bool beside_zero(const core::Patch& patch, const core::Box& frame, int x, int y) {
  auto is_zero = [&](int u, int v) {
    if (u >= 0 && v >= 0 && u < patch.alpha.width && v < patch.alpha.height)
      return !(patch.alpha.at(u, v) > 0);
    u += patch.roi.left, v += patch.roi.top;
    return u >= frame.left && v >= frame.top && u < frame.right && v < frame.bottom;
  };
  return is_zero(x - 1, y) || is_zero(x + 1, y) || is_zero(x, y - 1) || is_zero(x, y + 1);
}

bool is_rim(const core::Patch& patch, const core::Box& frame, int x, int y) {
  const float a = patch.alpha.at(x, y);
  return a > 0 && (a < kInsideFeather || beside_zero(patch, frame, x, y));
}

// 1 at the rim pixels of row y, else 0, for columns [left, right).
void mark_rim(const core::Patch& patch, const core::Box& frame, int y, int left, int right, float* rim) {
  const bool inner_row = y > 0 && y + 1 < patch.alpha.height;
  const int first = inner_row ? std::max(left, 1) : right, last = std::min(right, patch.alpha.width - 1);
  for (int x = left; x < std::min(first, right); ++x) rim[x] = is_rim(patch, frame, x, y) ? 1.F : 0.F;
  if (!inner_row) return;
  const float *a = patch.alpha.row(y), *above = patch.alpha.row(y - 1), *below = patch.alpha.row(y + 1);
  for (int x = first; x < last; ++x) {  // is_rim without its borders, vectorised
    const float least = std::min(std::min(a[x - 1], a[x + 1]), std::min(above[x], below[x]));
    rim[x] = float(int(a[x] > 0) & (int(a[x] < kInsideFeather) | int(!(least > 0))));
  }
  for (int x = std::max(last, first); x < right; ++x) rim[x] = is_rim(patch, frame, x, y) ? 1.F : 0.F;
}

// Sums of (frame - patch) and of the patch's brightness over the rim pixels of every cell; the weight counts
// them.
void gather_rim(const Picture& picture, const core::Patch& patch, int cell, float limit, const Grid& grid,
                std::vector<float>* rows) {
  const core::Box frame = picture.box(), visible = core::intersect(patch.roi, frame);
  if (visible.empty()) return;
  const CodeSpace space = code_space(picture.layout);
  const std::size_t n = std::size_t(visible.width());
  rows->resize(load_rgb_scratch(visible.width()) + 3 * n + std::size_t(patch.alpha.width));
  float *rgb = rows->data(), *rim = rgb + 3 * n, *scratch = rim + patch.alpha.width;
  const int left = visible.left - patch.roi.left, right = visible.right - patch.roi.left;
  for (int y = visible.top - patch.roi.top; y < visible.bottom - patch.roi.top; ++y) {
    mark_rim(patch, frame, y, left, right, rim);
    int first = left, last = right;
    while (first < last && rim[first] == 0) ++first;
    while (first < last && rim[last - 1] == 0) --last;
    if (first == last) continue;
    load_rgb(picture, space, patch.roi.left + first, patch.roi.top + y, last - first, scratch, rgb);
    for (int x = first; x < last; ++x) {
      if (rim[x] == 0) continue;
      const float *own = rgb + 3 * std::ptrdiff_t{x - first}, *painted = &patch.rgb.at(x, y);
      const std::size_t at = std::size_t(y / cell) * grid.width + x / cell;
      // One pixel of a displaced edge must not outvote its cell.
      for (int c = 0; c < 3; ++c)
        grid.value(c)[at] += std::clamp(own[c] - clamp01(painted[c]), -3 * limit, 3 * limit);
      grid.value(3)[at] += clamp01(brightness(painted));
      grid.weight()[at] += 1;
    }
  }
}

// Sums to means; weight 1 from a row's worth of pixels on.
void average_cells(int cell, const Grid& grid) {
  for (std::size_t i = 0; i < grid.cells(); ++i) {
    float& w = grid.weight()[i];
    if (w <= 0) continue;
    for (int c = 0; c < kChannels; ++c) grid.value(c)[i] /= w;
    w = std::min(1.F, w / float(cell));
  }
}

// Median of the rim's cells around each of them, so that a strand of hair or a spot of background does not
// count; then the clamp. What is far beyond the limit is no difference of light: it gets little weight, and
// the membrane bridges it from its neighbours.
void smooth_rim(float limit, const Grid& means, const Grid& out) {
  std::array<std::array<float, (2 * kNeighbours + 1) * (2 * kNeighbours + 1)>, kChannels> near;
  for (int y = 0; y < means.height; ++y) {
    for (int x = 0; x < means.width; ++x) {
      const std::size_t at = std::size_t(y) * means.width + x;
      float& weight = out.weight()[at] = means.weight()[at];
      if (weight <= 0) continue;
      int n = 0;
      const int right = std::min(means.width - 1, x + kNeighbours),
                bottom = std::min(means.height - 1, y + kNeighbours);
      for (int v = std::max(0, y - kNeighbours); v <= bottom; ++v) {
        for (int u = std::max(0, x - kNeighbours); u <= right; ++u) {
          const std::size_t from = std::size_t(v) * means.width + u;
          if (means.weight()[from] <= 0) continue;
          for (int c = 0; c < kChannels; ++c) near[c][n] = means.value(c)[from];
          ++n;
        }
      }
      float excess = 0;
      for (int c = 0; c < kChannels; ++c) {
        std::nth_element(near[c].begin(), near[c].begin() + n / 2, near[c].begin() + n);
        const float median = near[c][n / 2];
        out.value(c)[at] = c < 3 ? std::clamp(median, -limit, limit) : median;
        if (c < 3) excess = std::max(excess, std::abs(median) / limit);
      }
      weight /= 1 + excess * excess * excess * excess;
    }
  }
}

// Cells of a grid row to pixels, linearly; `step` floats from pixel to pixel.
void expand_row(const float* cells, int count, int cell, int n, int step, float* out) {
  const float per_cell = 1 / float(cell);
  for (int x = 0; x < n; ++x) {
    const float u = std::clamp((float(x) + 0.5F) * per_cell - 0.5F, 0.F, float(count - 1));
    const int i = std::min(int(u), std::max(0, count - 2)), j = std::min(i + 1, count - 1);
    out[std::ptrdiff_t{x} * step] = cells[i] + (u - float(i)) * (cells[j] - cells[i]);
  }
}

// A grid row at the patch's columns: n corrections (R, G, B interleaved like the patch), then n rim
// brightnesses.
void expand_grid_row(const Grid& grid, int row, int cell, int n, float* out) {
  for (int c = 0; c < kChannels; ++c) {
    const float* cells = grid.value(c) + std::size_t(row) * grid.width;
    expand_row(cells, grid.width, cell, n, c < 3 ? 3 : 1, c < 3 ? out + c : out + 3 * std::ptrdiff_t{n});
  }
}

// Adds the corrections of one row, t of the way from `above` to `below`. A pixel below half the rim's
// brightness gets proportionally less. `share` has room for 3 n.
void correct_row(const float* above, const float* below, float t, float strength, int n, float* share,
                 float* rgb) {
  const float *bright0 = above + 3 * std::ptrdiff_t{n}, *bright1 = below + 3 * std::ptrdiff_t{n};
  for (int x = 0; x < n; ++x) {
    const float rim = bright0[x] + t * (bright1[x] - bright0[x]);
    const float s =
        strength * std::min(1.F, 2 * brightness(rgb + 3 * std::ptrdiff_t{x}) / std::max(rim, 1e-3F));
    share[3 * x] = share[3 * x + 1] = share[3 * x + 2] = s;
  }
  for (int i = 0; i < 3 * n; ++i)
    rgb[i] = clamp01(rgb[i] + share[i] * (above[i] + t * (below[i] - above[i])));
}

void apply(const Grid& grid, int cell, float strength, std::vector<float>* rows, core::Patch* patch) {
  const int n = patch->rgb.width;
  const std::size_t band = kChannels * std::size_t(n);
  rows->resize(3 * band);
  std::array<float*, 2> bands = {rows->data(), rows->data() + band};
  float* share = rows->data() + 2 * band;
  std::array<int, 2> held = {-1, -1};
  auto expanded = [&](int row) {  // two grid rows are in use at a time, one even and one odd
    const int slot = row & 1;
    if (std::exchange(held[slot], row) != row) expand_grid_row(grid, row, cell, n, bands[slot]);
    return bands[slot];
  };
  for (int y = 0; y < patch->rgb.height; ++y) {
    const float v = std::clamp((float(y) + 0.5F) / float(cell) - 0.5F, 0.F, float(grid.height - 1));
    const int i = std::min(int(v), std::max(0, grid.height - 2)), j = std::min(i + 1, grid.height - 1);
    const float *above = expanded(i), *below = expanded(j);
    correct_row(above, below, v - float(i), strength, n, share, patch->rgb.row(y));
  }
}
}  // namespace

void match_colour(const Picture& picture, const MatchOptions& options, core::Patch* patch,
                  Workspace* workspace) {
  check(*patch);
  if (patch->roi.empty() || options.strength <= 0 || options.limit <= 0) return;
  const int width = patch->roi.width(), height = patch->roi.height();
  const int cell = std::max(kMinCell, (std::max(width, height) + kCells - 1) / kCells);
  Grid grid{(width + cell - 1) / cell, (height + cell - 1) / cell, kChannels, nullptr};
  workspace->grids.assign(2 * grid.floats(), 0.F);
  grid.data = workspace->grids.data();
  Grid means = grid;
  means.data += grid.floats();

  gather_rim(picture, *patch, cell, options.limit, means, &workspace->rows);
  average_cells(cell, means);
  smooth_rim(options.limit, means, grid);
  if (!solve_membrane(&grid, &workspace->grids)) return;
  apply(grid, cell, options.strength, &workspace->rows, patch);
}

}  // namespace resyncer::compose
