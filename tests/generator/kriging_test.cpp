#include "generator/kriging.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace resyncer::generator {
namespace {

// Points on a line, whose pictures differ by `nugget` + the root of their squared distance.
struct Line {
  Eigen::MatrixXf between;
  Eigen::VectorXf to_unknown;

  explicit Line(const std::vector<float>& places, float nugget = 0.15F) {
    const auto n = Eigen::Index(places.size());
    between = Eigen::MatrixXf::Zero(n, n);
    to_unknown.resize(n);
    for (Eigen::Index i = 0; i < n; ++i) {
      to_unknown[i] = nugget + std::abs(places[std::size_t(i)]);
      for (Eigen::Index j = 0; j < n; ++j)
        if (i != j) between(i, j) = nugget + std::abs(places[std::size_t(i)] - places[std::size_t(j)]);
    }
  }
  Eigen::VectorXf weights() const { return kriging_weights(between, to_unknown); }
  double error(const Eigen::VectorXf& w) const {
    return 2.0 * double(w.dot(to_unknown)) - double(w.dot(between * w));
  }
};

TEST(Kriging, OnePictureHasAllTheWeight) { EXPECT_FLOAT_EQ(Line({3}).weights()[0], 1); }

TEST(Kriging, PicturesAtTheSameDistanceFromAllShareEvenly) {
  Eigen::MatrixXf between = Eigen::MatrixXf::Constant(4, 4, 1);
  between.diagonal().setZero();
  const Eigen::VectorXf w = kriging_weights(between, Eigen::VectorXf::Constant(4, 1));
  for (float value : w) EXPECT_NEAR(value, 0.25F, 1e-5F);
}

TEST(Kriging, TheNearerCountsMore) {
  const Eigen::VectorXf w = Line({-1, 0.3F}).weights();
  EXPECT_GT(w[1], w[0]);
  EXPECT_GT(w[0], 0);
}

TEST(Kriging, PicturesThatSayTheSameShareOneVoice) {
  // Two beside each other on the left, one alone on the right, all as far from the middle.
  const Eigen::VectorXf w = Line({-1, -1.01F, 1}).weights();
  EXPECT_GT(w[2], 1.3F * w[0]);
  EXPECT_NEAR(w[0] + w[1] + w[2], 1, 1e-5F);
}

TEST(Kriging, WhatLiesBehindAnotherGetsNothingAndNeverLess) {
  const Eigen::VectorXf w = Line({0.2F, 5, 9}, 0.01F).weights();
  EXPECT_GT(w[0], 0.95F);
  EXPECT_GE(w.minCoeff(), 0);
}

TEST(Kriging, NoOtherWeightsHaveALesserExpectedError) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  std::exponential_distribution<float> share;
  for (int round = 0; round < 50; ++round) {
    std::vector<float> places(8);
    for (float& place : places) place = 2 * normal(random);
    const Line line(places);
    const Eigen::VectorXf best = line.weights();
    ASSERT_NEAR(best.sum(), 1, 1e-4F);
    ASSERT_GE(best.minCoeff(), 0);
    for (int trial = 0; trial < 50; ++trial) {
      Eigen::VectorXf other(8);
      for (float& value : other) value = share(random);
      other = 0.9F * best + 0.1F * other / other.sum();
      // Dropping the most negative one by one is not always the very best, but next to it.
      ASSERT_GT(line.error(other), line.error(best) - 0.01);
    }
  }
}

TEST(Kriging, WeightsAreContinuous) {
  Eigen::VectorXf last = Line({-2, -1, -0.5F, 0.4F, 1, 3}).weights();
  for (float shift = 0.01F; shift < 2; shift += 0.01F) {
    const Eigen::VectorXf w =
        Line({-2 + shift, -1 + shift, -0.5F + shift, 0.4F + shift, 1 + shift, 3 + shift}).weights();
    ASSERT_LT((w - last).cwiseAbs().maxCoeff(), 0.06F) << shift;
    last = w;
  }
}

}  // namespace
}  // namespace resyncer::generator
