// Random numbers of the trainers: not the standard library's distributions, which differ between
// implementations, and from a generator that checkpoints keep, so that a resumed run draws the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

namespace resyncer::train {

// In [0, 1).
inline double uniform(std::mt19937_64* random) { return double((*random)() >> 11) * 0x1p-53; }
inline double uniform(double low, double high, std::mt19937_64* random) {
  return low + (high - low) * uniform(random);
}
// In [0, count).
inline std::int64_t below(std::size_t count, std::mt19937_64* random) {
  return std::int64_t((*random)() % count);
}

}  // namespace resyncer::train
