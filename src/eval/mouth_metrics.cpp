#include "resyncer/eval/mouth_metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace resyncer::eval {

namespace {

constexpr std::size_t kFirstLip = 48, kLips = 20;
constexpr std::size_t kLeftEye = 36, kRightEye = 45;

// The lips with the eyes' line level, in outer-eye distances, round their own centre.
std::array<core::Point2, kLips> levelled_lips(const core::Landmarks& face) {
  const core::Point2 eyes = face[kRightEye] - face[kLeftEye];
  const float squared = std::max(eyes.squaredNorm(), 1e-12F);
  std::array<core::Point2, kLips> lips;
  core::Point2 centre(0, 0);
  for (std::size_t i = 0; i < kLips; ++i) {
    const core::Point2 p = face[kFirstLip + i] - face[kLeftEye];
    lips[i] = core::Point2(eyes.dot(p), eyes.x() * p.y() - eyes.y() * p.x()) / squared;
    centre += lips[i] / float(kLips);
  }
  for (core::Point2& p : lips) p -= centre;
  return lips;
}

}  // namespace

LagCorrelation best_lag_correlation(const std::vector<float>& a, const std::vector<float>& b,
                                    const std::vector<float>& weight, int max_lag) {
  LagCorrelation best{-2, 0};
  for (int lag = -max_lag; lag <= max_lag; ++lag) {
    double n = 0, sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;
    for (int i = 0; i < int(a.size()); ++i) {
      int j = i + lag;
      if (j < 0 || j >= int(b.size()) || weight[j] <= 0) continue;
      if (!std::isfinite(a[i]) || !std::isfinite(b[j])) continue;
      n += 1;
      sa += a[i];
      sb += b[j];
      saa += double(a[i]) * a[i];
      sbb += double(b[j]) * b[j];
      sab += double(a[i]) * b[j];
    }
    double va = n * saa - sa * sa, vb = n * sbb - sb * sb;
    double value = va > 1e-12 && vb > 1e-12 ? (n * sab - sa * sb) / std::sqrt(va * vb) : 0.0;
    if (value > best.value) best = {value, lag};
  }
  return best;
}

double deviation(const std::vector<float>& values, const std::vector<float>& weight) {
  double n = 0, sum = 0, squares = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (weight[i] <= 0 || !std::isfinite(values[i])) continue;
    n += 1;
    sum += values[i];
    squares += double(values[i]) * values[i];
  }
  return n > 0 ? std::sqrt(std::max(0.0, squares / n - sum / n * sum / n)) : 0.0;
}

double lip_distance(const core::Landmarks& a, const core::Landmarks& b) {
  const auto first = levelled_lips(a), second = levelled_lips(b);
  double sum = 0;
  for (std::size_t i = 0; i < kLips; ++i) sum += double((first[i] - second[i]).norm());
  return sum / double(kLips);
}

Closures closures(const std::vector<float>& opening, const std::vector<double>& seconds,
                  const std::vector<TimeSpan>& spans, double slack) {
  Closures found;
  for (const TimeSpan& span : spans) {
    float least = std::numeric_limits<float>::infinity();
    for (std::size_t i = 0; i < opening.size() && i < seconds.size(); ++i)
      if (std::isfinite(opening[i]) && seconds[i] >= span.start - slack && seconds[i] <= span.end + slack)
        least = std::min(least, opening[i]);
    if (!std::isfinite(least)) continue;
    ++found.spans;
    found.shut += least < kShutLips ? 1 : 0;
  }
  return found;
}

MouthLeak mouth_leak(const std::vector<float>& opening, const std::vector<bool>& silent) {
  MouthLeak leak;
  for (std::size_t i = 0; i < opening.size() && i < silent.size(); ++i) {
    if (!silent[i] || !std::isfinite(opening[i])) continue;
    ++leak.frames;
    leak.open_share += opening[i] > kOpenMouth ? 1 : 0;
    leak.mean_opening += double(opening[i]);
  }
  if (leak.frames > 0) {
    leak.open_share /= leak.frames;
    leak.mean_opening /= leak.frames;
  }
  return leak;
}

}  // namespace resyncer::eval
