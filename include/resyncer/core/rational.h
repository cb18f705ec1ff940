// Exact time. Presentation times are integers in a time base; seconds appear only at the edge.
#pragma once

#include <cstdint>

namespace resyncer::core {

struct Rational {
  std::int64_t num = 0;
  std::int64_t den = 1;

  double value() const { return den == 0 ? 0.0 : double(num) / double(den); }
};

inline bool operator==(Rational a, Rational b) { return a.num * b.den == b.num * a.den; }

}  // namespace resyncer::core
