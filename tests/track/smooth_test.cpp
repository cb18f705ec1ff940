#include <gtest/gtest.h>

#include <random>

#include "resyncer/track/face_tracker.h"
#include "track/shape_of_a_face.h"

namespace resyncer::track {
namespace {

using Frames = std::vector<std::optional<core::FaceObservation>>;

void add_noise(Frames* frames, float deviation) {
  std::mt19937 rng(7);
  std::normal_distribution<float> noise(0, deviation);
  for (auto& f : *frames)
    for (auto& p : f->landmarks) p += core::Point2(noise(rng), noise(rng));
}

// Root mean square of the second differences of landmarks [first, end).
float jitter(const Frames& frames, int first, int end) {
  double sum = 0, count = 0;
  for (std::size_t t = 1; t + 1 < frames.size(); ++t)
    for (int i = first; i < end; ++i) {
      sum += (frames[t - 1]->landmarks[i] - 2 * frames[t]->landmarks[i] + frames[t + 1]->landmarks[i])
                 .squaredNorm();
      ++count;
    }
  return float(std::sqrt(sum / count));
}

float inner_height(const core::FaceObservation& o) { return o.landmarks[66].y() - o.landmarks[62].y(); }

TEST(Smooth, QuietsAStillFace) {
  Frames frames(60, schematic_observation());
  add_noise(&frames, 0.3F);
  Frames smoothed = frames;
  smooth(&smoothed);
  EXPECT_LT(jitter(smoothed, 27, 36), jitter(frames, 27, 36) / 4);
  EXPECT_LT(jitter(smoothed, 0, 17), jitter(frames, 0, 17) / 4);
  EXPECT_LT(jitter(smoothed, 48, 68), jitter(frames, 48, 68) / 1.8F);
}

TEST(Smooth, LeavesEvenMovementWhereItIs) {
  Frames frames;
  for (int t = 0; t < 50; ++t) frames.push_back(schematic_observation({2.5F * float(t), -1.F * float(t)}));
  Frames smoothed = frames;
  smooth(&smoothed);
  for (std::size_t t = 0; t < frames.size(); ++t)
    for (int i = 0; i < core::kLandmarks; ++i)
      EXPECT_LT((smoothed[t]->landmarks[i] - frames[t]->landmarks[i]).norm(), 0.05F) << t << " " << i;
}

TEST(Smooth, HasNoLag) {
  // A nod: the smoothed movement correlates best with the true one at shift 0.
  Frames frames;
  auto nod = [](int t) { return 12 * std::exp(-float((t - 30) * (t - 30)) / 30.F); };
  for (int t = 0; t < 60; ++t) frames.push_back(schematic_observation({0, nod(t)}));
  add_noise(&frames, 0.3F);
  smooth(&frames);
  float errors[3] = {};
  for (int t = 5; t < 55; ++t)
    for (int shift = -1; shift <= 1; ++shift) {
      float e = frames[std::size_t(t)]->landmarks[30].y() - schematic_face()[30].y() - nod(t + shift);
      errors[shift + 1] += e * e;
    }
  EXPECT_LT(errors[1], errors[0] / 3);
  EXPECT_LT(errors[1], errors[2] / 3);
}

// A bilabial of three frames loses less than 15 % of its height, whatever the noise of the landmarks.
TEST(Smooth, KeepsShortClosures) {
  for (float noise : {0.F, 0.3F, 0.6F}) {
    const float open = 8;
    Frames frames;
    auto shut = [](int t) { return t % 15 >= 7 && t % 15 <= 9; };
    for (int t = 0; t < 90; ++t) frames.push_back(schematic_observation({0, 0}, shut(t) ? 0 : open));
    add_noise(&frames, noise);
    smooth(&frames);
    double shut_height = 0, open_height = 0, shut_count = 0, open_count = 0;
    for (int t = 0; t < 90; ++t) {
      (shut(t) ? shut_height : open_height) += inner_height(*frames[std::size_t(t)]);
      ++(shut(t) ? shut_count : open_count);
    }
    double depth = open_height / open_count - shut_height / shut_count;
    EXPECT_GT(depth, 0.85 * open) << "noise " << noise;
  }
}

// The pointed closure (half, shut, half) is the hardest: its middle frame.
TEST(Smooth, KeepsPointedClosures) {
  const float open = 8;
  Frames frames;
  for (int t = 0; t < 90; ++t) {
    float shut = t % 15 == 8 ? 1.F : (t % 15 == 7 || t % 15 == 9) ? 0.5F : 0.F;
    frames.push_back(schematic_observation({0, 0}, open * (1 - shut)));
  }
  add_noise(&frames, 0.2F);
  smooth(&frames);
  double depth = 0;
  for (int t = 8; t < 90; t += 15)
    depth += (inner_height(*frames[std::size_t(t - 4)]) - inner_height(*frames[std::size_t(t)])) / 6;
  EXPECT_GT(depth, 0.85 * open);
}

TEST(Smooth, DoesNotSmearAJump) {
  Frames frames;
  for (int t = 0; t < 40; ++t) frames.push_back(schematic_observation({t < 20 ? 0.F : 15.F, 0}));
  add_noise(&frames, 0.2F);
  smooth(&frames);
  EXPECT_NEAR(frames[19]->landmarks[30].x(), 200, 1.5);
  EXPECT_NEAR(frames[20]->landmarks[30].x(), 215, 1.5);
}

TEST(Smooth, BridgesShortGapsOnly) {
  Frames frames;
  for (int t = 0; t < 30; ++t) frames.push_back(schematic_observation({float(t), 0}));
  for (int t : {5, 6, 7, 15, 16, 17, 18}) frames[std::size_t(t)].reset();
  smooth(&frames);
  ASSERT_TRUE(frames[6]);
  EXPECT_NEAR(frames[6]->landmarks[30].x(), 206, 0.1);
  EXPECT_NEAR(frames[6]->box.left, 156, 1);
  for (int t : {15, 16, 17, 18}) EXPECT_FALSE(frames[std::size_t(t)]);
}

TEST(Smooth, TakesShortAndEmptyTracks) {
  Frames frames;
  smooth(&frames);
  EXPECT_TRUE(frames.empty());
  for (std::size_t n = 1; n < 6; ++n) {
    frames.assign(n, schematic_observation());
    smooth(&frames);
    for (const auto& f : frames) EXPECT_NEAR(f->landmarks[30].y(), schematic_face()[30].y(), 0.01);
  }
}

}  // namespace
}  // namespace resyncer::track
