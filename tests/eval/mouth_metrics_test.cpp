#include "resyncer/eval/mouth_metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace resyncer::eval {
namespace {

constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

TEST(MouthMetrics, LagIsFoundAndGapsDoNotCount) {
  std::vector<float> a, b, weight;
  for (int i = 0; i < 100; ++i) {
    a.push_back(std::sin(0.3F * float(i)) + std::sin(0.71F * float(i)));
    b.push_back(i >= 2 ? a[i - 2] : 0);
    weight.push_back(1);
  }
  b[50] = 1000;
  weight[50] = 0;
  auto found = best_lag_correlation(a, b, weight, 3);
  EXPECT_EQ(found.lag, 2);
  EXPECT_NEAR(found.value, 1, 0.02);
  EXPECT_EQ(best_lag_correlation(a, std::vector<float>(100, 1.F), weight, 3).value, 0);
}

TEST(MouthMetrics, FramesWithoutAFaceDoNotCount) {
  const std::vector<float> a{0, 1, kMissing, 1, 0, 1}, b{0, 2, 9, 2, 0, 2}, weight(6, 1.F);
  EXPECT_NEAR(best_lag_correlation(a, b, weight, 0).value, 1, 1e-6);
  EXPECT_NEAR(best_lag_correlation(b, a, weight, 0).value, 1, 1e-6);
  EXPECT_NEAR(deviation({1, 3, kMissing, 100}, {1, 1, 1, 0}), 1, 1e-6);
}

TEST(MouthMetrics, DeviationGrowsWithTheAmplitude) {
  const std::vector<float> weight(4, 1.F);
  EXPECT_NEAR(deviation({0, 1, 0, 1}, weight), 0.5, 1e-6);
  EXPECT_NEAR(deviation({0, 3, 0, 3}, weight), 1.5, 1e-6);
  EXPECT_EQ(deviation({}, {}), 0);
}

TEST(Closures, AreCountedWithinTheSpansAndAMomentAround) {
  const std::vector<float> opening{0.3F, 0.3F, 0.04F, 0.3F, kMissing, 0.3F, 0.3F};
  std::vector<double> seconds;
  for (int i = 0; i < 7; ++i) seconds.push_back(i);
  const std::vector<TimeSpan> spans{{1.5, 2.5}, {3, 3.5}, {5, 6}, {4, 4}, {20, 21}};
  Closures exact = closures(opening, seconds, spans, 0), loose = closures(opening, seconds, spans, 1);
  EXPECT_EQ(exact.spans, 3);  // nothing is seen in the last two
  EXPECT_EQ(exact.shut, 1);
  EXPECT_EQ(loose.spans, 4);
  EXPECT_EQ(loose.shut, 2);
}

// Eyes 100 px apart, a mouth of the given opening below them.
core::Landmarks face(float opening) {
  core::Landmarks p{};
  p[36] = {50, 50};
  p[45] = {150, 50};
  for (std::size_t i = 48; i < 68; ++i) {
    const float angle = 0.1F * float(M_PI) * float(i - 48);
    p[i] = core::Point2(100 + 30 * std::cos(angle), 120 + (5 + opening) * std::sin(angle));
  }
  return p;
}

TEST(LipDistance, IsInOuterEyeDistances) {
  core::Landmarks moved = face(10);
  moved[60] += core::Point2(0, 20);  // a fifth of the eyes' distance; the centre goes along by a twentieth
  EXPECT_NEAR(lip_distance(face(10), moved), (0.19 + 19 * 0.01) / 20, 1e-5);
  EXPECT_EQ(lip_distance(face(10), face(10)), 0);
  EXPECT_LT(lip_distance(face(10), face(12)), lip_distance(face(10), face(20)));
}

TEST(LipDistance, PlaceSizeAndRollOfTheHeadDoNotMatter) {
  core::Landmarks other = face(10);
  core::Affine2 map = core::Affine2::Identity();
  map.translate(core::Point2(300, -20)).rotate(0.4F).scale(2.5F);
  for (core::Point2& p : other) p = map * p;
  EXPECT_NEAR(lip_distance(face(10), other), 0, 1e-5);
  EXPECT_NEAR(lip_distance(face(16), other), lip_distance(face(16), face(10)), 1e-5);
}

TEST(Leak, OnlySilentFramesWithAFaceCount) {
  const std::vector<float> opening{0.9F, 0.1F, 0.3F, kMissing, 0.2F, 0.4F};
  const std::vector<bool> silent{false, true, true, true, true, true};
  const MouthLeak leak = mouth_leak(opening, silent);
  EXPECT_EQ(leak.frames, 4);
  EXPECT_NEAR(leak.open_share, 0.5, 1e-6);
  EXPECT_NEAR(leak.mean_opening, 0.25, 1e-6);
  EXPECT_EQ(mouth_leak(opening, std::vector<bool>(6, false)).frames, 0);
}

}  // namespace
}  // namespace resyncer::eval
