#include "resyncer/eval/image_metrics.h"

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

TEST(Metrics, ABlurredPictureIsLessSharp) {
  ImageF sharp = noise(3, 1), blurred = sharp, mask(40, 30, 1, 1.F);
  for (int y = 1; y < 29; ++y)
    for (int x = 1; x < 39; ++x)
      blurred.at(x, y) = (sharp.at(x - 1, y) + sharp.at(x, y) + sharp.at(x + 1, y)) / 3;
  EXPECT_LT(laplacian_variance(blurred, mask), 0.5 * laplacian_variance(sharp, mask));
}

TEST(GradientError, OfTwoRampsIsTheDifferenceOfTheirSlopes) {
  // A pixel of scale s is 2^s px wide, and so many times as steep is the ramp: 0.01 x (1 + 2 + 4) / 3.
  ImageF a(32, 32, 1), b(32, 32, 1), mask(32, 32, 1, 1.F);
  for (int y = 0; y < 32; ++y)
    for (int x = 0; x < 32; ++x) a.at(x, y) = 0.02F * float(x), b.at(x, y) = 0.01F * float(x) + 0.1F;
  EXPECT_NEAR(gradient_error(a, b, mask), 0.01 * 7 / 3, 1e-5);
  EXPECT_EQ(gradient_error(a, a, mask), 0);
}

TEST(GradientError, BrightnessDoesNotCountButEdgesDo) {
  ImageF a = noise(4), brighter = a, mask(40, 30, 1, 1.F);
  for (float& v : brighter.data) v += 0.2F;
  EXPECT_NEAR(gradient_error(a, brighter, mask), 0, 1e-6);
  EXPECT_GT(gradient_error(a, noise(5), mask), 0.1);
}

TEST(GradientError, OnlyTheMaskCountsAndTinyPicturesAreNoError) {
  ImageF a = noise(6), b = a, mask(40, 30, 1);
  for (int y = 0; y < 30; ++y)
    for (int x = 0; x < 16; ++x) mask.at(x, y) = 1;
  for (int y = 0; y < 30; ++y) b.at(30, y, 0) = 1;
  EXPECT_EQ(gradient_error(a, b, mask), 0);
  EXPECT_EQ(gradient_error(ImageF(2, 2, 1), ImageF(2, 2, 1, 1.F), ImageF(2, 2, 1, 1.F)), 0);
}

}  // namespace
}  // namespace resyncer::eval
