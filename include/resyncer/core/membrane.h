// A membrane over scattered data: the smooth surface that follows weighted values where there are some and is
// as flat as it can be between them (screened Laplace equation, solved coarse to fine).
#pragma once

#include <vector>

namespace resyncer::core {

// One level of the pyramid lies in the caller's memory: `channels` planes of values, then one plane of
// weights.
struct Grid {
  int width = 0, height = 0, channels = 0;
  float* data = nullptr;

  std::size_t cells() const { return std::size_t(width) * std::size_t(height); }
  float* value(int channel) const { return data + cells() * std::size_t(channel); }
  float* weight() const { return value(channels); }
  std::size_t floats() const { return cells() * std::size_t(channels + 1); }
};

// Fills every cell of the grid's values; weights in [0, 1] say how far a value counts and are kept. The grid
// lies at the start of `memory`, which grows by the work space (grid->data is renewed). False when all
// weights are 0.
bool solve_membrane(Grid* grid, std::vector<float>* memory);

}  // namespace resyncer::core
