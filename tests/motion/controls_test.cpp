#include "resyncer/motion/controls.h"

#include <gtest/gtest.h>

#include <cmath>

#include "motion/known_lips.h"

namespace resyncer::motion {
namespace {

constexpr float kNone = std::numeric_limits<float>::infinity();

class Controls : public ::testing::Test {
 protected:
  const Lips lips{face_model(), somebody(7)};
  const Eigen::VectorXf rest = mouth_with(0.05F, 3);
};

TEST_F(Controls, KnowTheLipsOfThatFace) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const Eigen::VectorXf mouth = mouth_with(float(seed) / 20, seed);
    Eigen::VectorXf whole = Eigen::VectorXf::Zero(face_model().expression_count());
    whole.head(mouth.size()) = mouth;
    const mesh::Vertices control = mesh::control_vertices(face_model(), somebody(7), whole);
    EXPECT_NEAR(lips.openness(mouth), mesh::lip_openness(control), 1e-5F);
    EXPECT_NEAR(lips.gaps(mouth)[1], control(62, 1) - control(66, 1), 1e-4F);
  }
}

TEST_F(Controls, GainZeroIsRestAndOneIsUnchanged) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const Eigen::VectorXf mouth = mouth_with(float(seed) / 50, seed);
    EXPECT_EQ(with_gain(lips, rest, mouth, 0), rest);
    EXPECT_EQ(with_gain(lips, rest, mouth, 1), mouth);
    EXPECT_EQ(with_gain(lips, rest, rest, 2), rest);
  }
}

TEST_F(Controls, GainIsMonotoneAndContinuous) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const Eigen::VectorXf mouth = mouth_with(float(seed) / 50 - 0.2F, seed), way = mouth - rest;
    float before = 0;
    for (float gain = 0.05F; gain <= 2; gain += 0.05F) {
      const Eigen::VectorXf moved = with_gain(lips, rest, mouth, gain) - rest;
      const float length = moved.dot(way) / way.squaredNorm();
      EXPECT_LT((moved - length * way).norm(), 1e-4F * way.norm()) << "the same way, further or less far";
      EXPECT_GE(length, before - 1e-5F);
      EXPECT_LE(length, before + 0.0501F);
      before = length;
    }
  }
}

TEST_F(Controls, MoreGainOpensWiderButPressesNoLipsThroughEachOther) {
  int opened = 0, met = 0;
  for (unsigned seed = 0; seed < 100; ++seed) {
    const Eigen::VectorXf mouth = mouth_with(float(seed) / 100 - 0.3F, seed);
    const Eigen::VectorXf more = with_gain(lips, rest, mouth, 1.8F);
    const Eigen::Vector3f was = lips.gaps(mouth), is = lips.gaps(more), at_rest = lips.gaps(rest);
    for (int i = 0; i < 3; ++i) EXPECT_GE(is[i], std::min({0.F, was[i], at_rest[i]}) - 1e-4F) << seed;
    if ((was - at_rest).minCoeff() > 0) {
      EXPECT_NEAR((is - at_rest).norm(), 1.8F * (was - at_rest).norm(), 1e-3F);
      ++opened;
    }
    met += was.minCoeff() < 0;
  }
  EXPECT_GT(opened, 20);
  EXPECT_GT(met, 20);
}

TEST_F(Controls, TheLimitedOpennessIsMonotoneContinuousAndBelowTheLimit) {
  for (float most : {0.F, 0.1F, 0.3F, 0.8F}) {
    float before = 0;
    for (float openness = 0; openness < 2; openness += 0.01F) {
      const float limited = limited_openness(openness, most);
      EXPECT_LE(limited, most);
      EXPECT_GE(limited, before);
      EXPECT_LE(limited, before + 0.0101F);
      EXPECT_LE(limited, limited_openness(openness, most + 0.1F) + 1e-6F);
      EXPECT_EQ(limited_openness(openness, kNone), openness);
      if (openness < 0.75F * most) {
        EXPECT_EQ(limited, openness);
      }
      before = limited;
    }
  }
}

TEST_F(Controls, TheJawLimitRaisesTheJawAndNothingElse) {
  int limited = 0;
  for (unsigned seed = 0; seed < 60; ++seed) {
    const Eigen::VectorXf mouth = mouth_with(float(seed) / 60, seed);
    EXPECT_EQ(with_jaw_limit(lips, mouth, kNone), mouth);
    EXPECT_NEAR(lips.openness(with_jaw_limit(lips, mouth, 0)), 0, 1e-5F);
    const float openness = lips.openness(mouth);
    float before = 0;
    for (float most = 0.02F; most < 1; most += 0.02F) {
      const Eigen::VectorXf raised = with_jaw_limit(lips, mouth, most);
      const float now = lips.openness(raised);
      EXPECT_NEAR(now, limited_openness(openness, most), 1e-4F);
      EXPECT_LE(now, most + 1e-5F);
      EXPECT_GE(now, before - 1e-5F);
      if (openness < 0.75F * most) {
        EXPECT_EQ(raised, mouth);
      }
      const Eigen::VectorXf change = mouth - raised;
      const float drop = change.dot(lips.jaw()) / lips.jaw().squaredNorm();
      EXPECT_GE(drop, 0);
      EXPECT_LT((change - drop * lips.jaw()).norm(), 1e-3F);
      limited += drop > 0;
      before = now;
    }
  }
  EXPECT_GT(limited, 100);
}

MotionTrack track_of(const std::vector<float>& values) {
  MotionTrack track;
  track.expression.resize(Eigen::Index(values.size()), 1);
  for (std::size_t i = 0; i < values.size(); ++i) track.expression(Eigen::Index(i), 0) = values[i];
  return track;
}

TEST(Smooth, OfZeroChangesNothingAndOfAStillMouthNeither) {
  const MotionTrack track = track_of({0.3F, -1, 2, 0.1F, 0.7F});
  EXPECT_EQ(smooth(track, Curve(0)).expression, track.expression);
  const MotionTrack still = smooth(track_of(std::vector<float>(40, 0.4F)), Curve(0.1F));
  EXPECT_LT((still.expression.array() - 0.4F).abs().maxCoeff(), 1e-6F);
}

TEST(Smooth, MovesNothingInTime) {
  std::vector<float> talk(101, 1);
  for (std::size_t i : {20U, 50U, 51U, 80U}) talk[i] = 0;  // closures of one row and of two
  for (float seconds : {0.02F, 0.04F, 0.1F}) {
    const Coefficients out = smooth(track_of(talk), Curve(seconds)).expression;
    for (Eigen::Index closure : {20, 80}) {
      Eigen::Index at = 0;
      out.col(0).segment(closure - 5, 11).minCoeff(&at);
      EXPECT_EQ(at, 5) << "a closure stays where it was";
      EXPECT_EQ(out(closure - 2, 0), out(closure + 2, 0));
    }
    EXPECT_EQ(out(50, 0), out(51, 0));
    std::vector<float> backwards(talk.rbegin(), talk.rend());
    EXPECT_LT((smooth(track_of(backwards), Curve(seconds)).expression.colwise().reverse() - out).norm(),
              1e-5F)
        << "no direction of time";
  }
}

TEST(Smooth, IsStrongerWhereTheCurveSays) {
  std::vector<float> shake(100);
  for (std::size_t i = 0; i < shake.size(); ++i) shake[i] = i % 2 == 0 ? 1.F : -1.F;
  const MotionTrack track = track_of(shake);
  const Coefficients out = smooth(track, Curve({{1.9, 0}, {2.1, 0.2F}})).expression;
  EXPECT_EQ(out.topRows(45), track.expression.topRows(45));
  EXPECT_LT(out.middleRows(60, 15).cwiseAbs().maxCoeff(), 0.01F);
  EXPECT_EQ(smooth(track, Curve({{11.9, 0}, {12.1, 0.2F}}), 10).expression, out)
      << "a track that begins later";
  float before = 2;
  for (float seconds : {0.F, 0.01F, 0.02F, 0.04F, 0.1F}) {  // the more, the calmer
    const float left = smooth(track, Curve(seconds)).expression.middleRows(40, 20).norm();
    if (seconds > 0) {
      EXPECT_LE(left, before);
    }
    before = left;
  }
}

}  // namespace
}  // namespace resyncer::motion
