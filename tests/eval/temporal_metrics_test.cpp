#include "resyncer/eval/temporal_metrics.h"

#include <gtest/gtest.h>

namespace resyncer::eval {
namespace {

using core::ImageF;

ImageF flat(float value) { return ImageF(8, 6, 3, value); }

TEST(HighPass, SteadyChangeHasNoneAndAFlashIsClosedForm) {
  const ImageF all(8, 6, 1, 1.F);
  EXPECT_NEAR(high_pass_energy(flat(0.2F), flat(0.3F), flat(0.4F), all), 0, 1e-12);
  EXPECT_NEAR(high_pass_energy(flat(0.5F), flat(0.6F), flat(0.5F), all), 0.04, 1e-6) << "(2 x 0.1)^2";
  EXPECT_NEAR(high_pass_energy(flat(0.5F), flat(0.5F), flat(0.6F), all), 0.01, 1e-6);
}

TEST(HighPass, OnlyTheMaskCounts) {
  ImageF mask(8, 6, 1), flash = flat(0.5F);
  mask.at(2, 2) = 1;
  for (int c = 0; c < 3; ++c) flash.at(3, 2, c) = 1;
  EXPECT_EQ(high_pass_energy(flat(0.5F), flash, flat(0.5F), mask), 0);
  mask.at(3, 2) = 1;
  EXPECT_NEAR(high_pass_energy(flat(0.5F), flash, flat(0.5F), mask), 0.5, 1e-6) << "1 in one pixel of two";
  EXPECT_EQ(high_pass_energy(flat(0), flat(1), flat(0), ImageF(8, 6, 1)), 0) << "no pixel at all";
}

}  // namespace
}  // namespace resyncer::eval
