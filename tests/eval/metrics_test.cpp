#include "resyncer/eval/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace resyncer::eval {
namespace {

using core::ImageF;

ImageF noise(int seed, int channels = 3) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform;
  ImageF image(40, 30, channels);
  for (float& v : image.data) v = uniform(random);
  return image;
}

TEST(Metrics, PsnrOfAConstantOffsetIsClosedForm) {
  ImageF a(20, 20, 3, 0.5F), b(20, 20, 3, 0.6F), mask(20, 20, 1, 1.F);
  EXPECT_NEAR(psnr(a, b, mask), 20.0, 1e-3);
  EXPECT_EQ(psnr(a, a, mask), 100.0);
}

TEST(Metrics, OnlyTheMaskCounts) {
  ImageF a(20, 20, 3, 0.5F), b = a, mask(20, 20, 1, 1.F);
  b.at(3, 4, 1) = 1;
  mask.at(3, 4) = 0;
  EXPECT_EQ(psnr(a, b, mask), 100.0);
}

TEST(Metrics, SsimIsOneForEqualAndNearZeroForUnrelated) {
  ImageF a = noise(1), b = noise(2), mask(40, 30, 1, 1.F);
  EXPECT_NEAR(ssim(a, a, mask), 1.0, 1e-4);
  EXPECT_LT(std::abs(ssim(a, b, mask)), 0.2);
}

TEST(Metrics, LaplacianOfARampIsZero) {
  ImageF ramp(30, 30, 1), mask(30, 30, 1, 1.F);
  for (int y = 0; y < 30; ++y)
    for (int x = 0; x < 30; ++x) ramp.at(x, y) = 0.01F * float(x + 2 * y);
  EXPECT_NEAR(laplacian_variance(ramp, mask), 0, 1e-10);
}

TEST(Metrics, LagIsFoundAndGapsDoNotCount) {
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

}  // namespace
}  // namespace resyncer::eval
