// The smooth difference of light between two pictures, gathered where both are known and spread over where
// one of them is not.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "resyncer/core/membrane.h"

namespace resyncer::core {

inline float brightness(const float* rgb) { return 0.25F * rgb[0] + 0.5F * rgb[1] + 0.25F * rgb[2]; }

// Keeps its memory from use to use.
class LightField {
 public:
  // Empties it for pictures of width x height px.
  void reset(int width, int height);
  // A pixel of the rim: `own` is as it should be, `painted` as it is (RGB, [0, 1]). Differences count up to 3
  // `limit`, so that one pixel of a displaced edge does not outvote its neighbours.
  void gather(int x, int y, const float* own, const float* painted, float limit) {
    const std::size_t at = std::size_t(y / cell_) * std::size_t(means_.width) + std::size_t(x / cell_);
    for (int c = 0; c < 3; ++c) means_.value(c)[at] += std::clamp(own[c] - painted[c], -3 * limit, 3 * limit);
    means_.value(3)[at] += brightness(painted);
    means_.weight()[at] += 1;
  }
  // Median along the rim, clamped to `limit`, then a membrane over the rest. What is far beyond the limit is
  // no difference of light and hardly counts. False when nothing was gathered.
  bool spread(float limit);
  // Adds the field to row y of the picture (width RGB pixels). Dark pixels (the inside of the mouth) get
  // less, as from a gain, so that black stays black. Rows are asked for from top to bottom.
  void correct_row(int y, float strength, float* rgb);

 private:
  static constexpr int kChannels = 4;  // correction of R, G, B, and the brightness of the rim
  void average_cells();
  void smooth_rim(float limit);
  void expand_grid_row(int row, float* out) const;
  const float* expanded(int row);

  int width_ = 0, height_ = 0, cell_ = 1;
  Grid grid_, means_;
  std::vector<float> memory_, sums_, bands_;
  std::array<int, 2> held_ = {-1, -1};  // grid rows that lie expanded in bands_
};

}  // namespace resyncer::core
