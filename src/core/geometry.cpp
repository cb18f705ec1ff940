#include "resyncer/core/geometry.h"

#include <algorithm>

namespace resyncer::core {

Box intersect(const Box& a, const Box& b) {
  Box r{std::max(a.left, b.left), std::max(a.top, b.top), std::min(a.right, b.right),
        std::min(a.bottom, b.bottom)};
  return r.empty() ? Box{} : r;
}

Box unite(const Box& a, const Box& b) {
  if (a.empty()) return b;
  if (b.empty()) return a;
  return {std::min(a.left, b.left), std::min(a.top, b.top), std::max(a.right, b.right),
          std::max(a.bottom, b.bottom)};
}

Box grow(const Box& box, int margin) {
  return {box.left - margin, box.top - margin, box.right + margin, box.bottom + margin};
}

float overlap(const Box& a, const Box& b) {
  Box both = intersect(a, b);
  if (both.empty()) return 0;
  float shared = float(both.width()) * float(both.height());
  float total = float(a.width()) * float(a.height()) + float(b.width()) * float(b.height()) - shared;
  return shared / total;
}

}  // namespace resyncer::core
