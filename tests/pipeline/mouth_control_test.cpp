#include "pipeline/mouth_control.h"

#include <gtest/gtest.h>

#include <cmath>

#include "resyncer/core/error.h"

namespace resyncer::pipeline {
namespace {

std::vector<double> frames(int count) {
  std::vector<double> seconds;
  for (int i = 0; i < count; ++i) seconds.push_back((i + 0.5) / 25);
  return seconds;
}

TEST(RangeWeights, WithoutRangesEveryFrameCounts) {
  EXPECT_EQ(range_weights({}, frames(3), {0}), std::vector<float>(3, 1));
}

TEST(RangeWeights, EaseInsideAndAreZeroOutside) {
  const std::vector<float> weights = range_weights({{1, 3}}, frames(100), {0});
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(weights[i] > 0, i >= 25 && i < 75) << i;
    if (i >= 30 && i < 70) {
      EXPECT_EQ(weights[i], 1) << i;
    }
    if (i > 0) {
      EXPECT_LE(std::abs(weights[i] - weights[i - 1]), 0.2F) << "no step at " << i;
    }
  }
}

TEST(RangeWeights, StandFullyWhereTheVideoOrAShotBeginsAndEnds) {
  const std::vector<float> weights = range_weights({{0, 1}, {2, 4}}, frames(100), {0, 50});
  EXPECT_EQ(weights[0], 1);
  EXPECT_LT(weights[24], 1);
  EXPECT_EQ(weights[50], 1) << "the shot begins with the range";
  EXPECT_EQ(weights[99], 1);
}

TEST(RangeWeights, OfRangesThatOverlapAreThoseOfTheirUnion) {
  EXPECT_EQ(range_weights({{1, 2}, {1.5, 3}, {1.2, 1.4}}, frames(100), {0}),
            range_weights({{1, 3}}, frames(100), {0}));
}

TEST(RangeWeights, OfARangeWithoutFramesAreRefused) {
  for (TimeRange range : {TimeRange{4, 5}, TimeRange{1.021, 1.022}}) {
    try {
      range_weights({{1, 2}, range}, frames(100), {0});
      ADD_FAILURE() << range.start;
    } catch (const core::Error& error) {
      EXPECT_EQ(error.kind(), core::ErrorKind::usage);
    }
  }
}

}  // namespace
}  // namespace resyncer::pipeline
