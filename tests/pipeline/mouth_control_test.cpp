#include "pipeline/mouth_control.h"

#include <gtest/gtest.h>

#include <cmath>

#include "resyncer/core/error.h"
#include "support/scratch_folder.h"

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

class MouthsOfFrames : public ::testing::Test {
 protected:
  MouthsOfFrames() {
    track.expression.resize(50, model.speech_count);
    for (Eigen::Index i = 0; i < 50; ++i)
      track.expression.row(i) =
          std::sin(0.7F * float(i)) * model.wide_open.head(model.speech_count).transpose();
  }
  motion::Coefficients mouths(const MouthControls& controls, std::vector<double> seconds) {
    const double rate = double(seconds.size() - 1) / (seconds.back() - seconds.front());
    const Eigen::VectorXf identity = Eigen::VectorXf::Zero(model.identity_count());
    return mouths_of_frames(controls, {model, hash, identity, std::move(seconds), rate}, track, rest, &notes);
  }

  const mesh::FaceModel model = mesh::load_face_model(RESYNCER_SOURCE_DIR "/models/face-model.safetensors");
  const std::string hash = std::string(64, '0');
  const Eigen::VectorXf rest = Eigen::VectorXf::Zero(model.speech_count);
  motion::MotionTrack track;
  std::vector<std::string> notes;
  support::ScratchFolder folder;
};

TEST_F(MouthsOfFrames, AreThePredictedOnesWithoutControls) {
  EXPECT_EQ(mouths({}, frames(50)), motion::sample(track, frames(50), rest));
}

TEST_F(MouthsOfFrames, ComeLaterWithAPositiveOffsetAndOnlyWhereTheCurveSays) {
  MouthControls controls;
  controls.offset_ms = motion::Curve({{0.99, 0}, {1.01, 80}});
  const motion::Coefficients moved = mouths(controls, frames(50)), plain = mouths({}, frames(50));
  EXPECT_EQ(moved.topRows(24), plain.topRows(24));
  EXPECT_LT((moved.bottomRows(24) - plain.middleRows(24, 24)).cwiseAbs().maxCoeff(), 1e-5F);
}

TEST_F(MouthsOfFrames, ObeyTheLimitOfTheJawAfterTheGain) {
  MouthControls controls;
  controls.gain = motion::Curve(2);
  controls.jaw_max = motion::Curve(0.2F);
  FittedFace face;
  face.identity = Eigen::VectorXf::Zero(model.identity_count());
  float most = 0;
  const motion::Coefficients limited = mouths(controls, frames(50));
  for (Eigen::Index i = 0; i < 50; ++i)
    most = std::max(most, mouth_openness(model, face, limited.row(i).transpose()));
  EXPECT_LE(most, 0.2F);
  EXPECT_GT(most, 0.18F);
}

TEST_F(MouthsOfFrames, OfAFileAreItsRowsAtAnyFrameTimes) {
  std::vector<double> uneven;
  for (int i = 0; i < 40; ++i) uneven.push_back(0.02 + 0.05 * i + (i % 3 == 0 ? 0.013 : 0));
  MouthControls out, in;
  out.gain = motion::Curve(1.3F);
  out.motion_out = in.motion_in = folder / "take.json";
  const motion::Coefficients written = mouths(out, uneven);
  track.expression.setZero();
  EXPECT_EQ(mouths(in, uneven), written);
  in.offset_ms = motion::Curve(float(1000 * (uneven.back() - uneven.front()) / 39));  // a frame, on the mean
  EXPECT_LT((mouths(in, uneven).bottomRows(39) - written.topRows(39)).cwiseAbs().maxCoeff(), 1e-3F);
  EXPECT_TRUE(notes.empty());
}

}  // namespace
}  // namespace resyncer::pipeline
