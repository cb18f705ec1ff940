#include "resyncer/eval/temporal_metrics.h"

#include "eval/luma.h"

namespace resyncer::eval {

double high_pass_energy(const core::ImageF& before, const core::ImageF& now, const core::ImageF& after,
                        const core::ImageF& mask) {
  const core::ImageF a = luma(before), b = luma(now), c = luma(after);
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < mask.data.size(); ++i) {
    if (mask.data[i] <= 0.5F) continue;
    const double second_difference = double(a.data[i]) - 2.0 * b.data[i] + c.data[i];
    sum += second_difference * second_difference;
    count += 1;
  }
  return count > 0 ? sum / count : 0;
}

}  // namespace resyncer::eval
