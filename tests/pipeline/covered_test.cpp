#include "pipeline/covered.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>

#include "resyncer/pipeline/kept.h"

namespace resyncer::pipeline {
namespace {

using Change = std::function<void(std::size_t frame, int place, float* colour)>;

// A face of many shades with some noise; `change` is given the colour of a place in a frame to alter.
std::vector<std::optional<FaceLook>> looks_of(std::size_t frames, const Change& change) {
  std::mt19937 random(3);
  std::normal_distribution<float> noise(0, 1.5F), nod(0, 0.02F);
  std::vector<std::optional<FaceLook>> looks(frames, FaceLook{});
  for (std::size_t t = 0; t < frames; ++t) {
    for (float& p : looks[t]->pose) p = 0.3F + nod(random);
    for (int k = 0; k < kPlaces; ++k) {
      float colour[3] = {150.F + float(k % 7) * 8, 110.F + float(k % 5) * 6, 90.F + float(k % 3) * 9};
      change(t, k, colour);
      for (int c = 0; c < 3; ++c)
        looks[t]->colours[std::size_t(3 * k + c)] =
            std::uint8_t(std::clamp(colour[c] + noise(random), 0.F, 255.F));
    }
  }
  return looks;
}

void scale(float* colour, float by) {
  for (int c = 0; c < 3; ++c) colour[c] *= by;
}

TEST(Covered, AThingBeforeAQuarterOfTheLowerFaceIsSeenWhileItIsThere) {
  const auto share = covered_shares(looks_of(100, [](std::size_t t, int k, float* colour) {
    if (t >= 40 && t < 65 && k >= kPlaces - 12) scale(colour, 0.5F);
  }));
  for (std::size_t t = 0; t < share.size(); ++t) {
    if (t >= 40 && t < 65)
      EXPECT_NEAR(share[t], 12.F / kLowerPlaces, 0.05F) << t;
    else
      EXPECT_LT(share[t], 0.05F) << t;
  }
}

float most(const std::vector<float>& shares) { return *std::max_element(shares.begin(), shares.end()); }

TEST(Covered, LightSpeechAndALookAllOfItsOwnAreNoCover) {
  const auto light = looks_of(100, [](std::size_t t, int, float* colour) {
    scale(colour, 0.7F + 0.006F * float(t));
    colour[2] *= 1 + 0.003F * float(t);  // and its tint
  });
  // Lips move all the time: their places have no colour of their own.
  const auto speech = looks_of(100, [](std::size_t t, int k, float* colour) {
    if (k >= kPlaces - 6) scale(colour, 0.5F + 0.1F * float(t * 7 % 10));
  });
  // Turned to a lamp: no place is as it was.
  const auto turned = looks_of(100, [](std::size_t t, int k, float* colour) {
    constexpr float kBy[] = {0.7F, 0.8F, 1.F, 1.15F, 1.25F};
    if (t >= 60) scale(colour, kBy[k % 5]);
  });
  for (const auto& looks : {light, speech, turned}) EXPECT_LT(most(covered_shares(looks)), 0.1F);
}

TEST(Covered, TwoFramesAreNoStayAndFewFramesTellNothing) {
  const auto flash = [](std::size_t t, int k, float* colour) {
    if ((t == 7 || t == 8) && k >= kUpperPlaces) scale(colour, 0.4F);
  };
  for (float share : covered_shares(looks_of(60, flash))) EXPECT_LT(share, 0.1F);
  for (float share : covered_shares(looks_of(12, flash))) EXPECT_EQ(share, 0);
  EXPECT_TRUE(covered_shares({}).empty());
}

TEST(Covered, WhatHidesTheFaceIsBelievedFromItsFirstFrame) {
  auto looks = looks_of(80, [](std::size_t t, int k, float* colour) {
    if (t == 29 && k >= kPlaces - 12) scale(colour, 0.5F);
  });
  for (std::size_t t = 30; t < 40; ++t) looks[t].reset();
  const auto share = covered_shares(looks);
  EXPECT_GT(share[29], 0.2F);
  for (std::size_t t = 0; t < share.size(); ++t)
    if (t != 29) {
      EXPECT_LT(share[t], 0.1F) << t;
    }
}

TEST(Covered, WhatIsThereOnlyForAWhileIsSeenInLongFootageToo) {
  const auto share = covered_shares(looks_of(2000, [](std::size_t t, int k, float* colour) {
    scale(colour, 1 - 0.0002F * float(t));
    if (t >= 700 && t < 900 && k >= kPlaces - 12) scale(colour, 0.5F);
  }));
  for (std::size_t t = 0; t < share.size(); ++t) EXPECT_EQ(share[t] > 0.12F, t >= 700 && t < 900) << t;
}

TEST(Kept, RangesFollowTheFramesAndTheNoteNamesThem) {
  const std::vector<Kept> frames{Kept::no,     Kept::covered, Kept::covered,
                                 Kept::turned, Kept::no,      Kept::unseen};
  const auto ranges = kept_ranges(frames, {0, 1, 2, 3.5, 4, 5, 6});
  ASSERT_EQ(ranges.size(), 3U);
  EXPECT_EQ(ranges[0].time.start, 1);
  EXPECT_EQ(ranges[0].time.end, 3.5);
  EXPECT_EQ(ranges[1].why, Kept::turned);
  EXPECT_EQ(ranges[2].time.end, 6);
  EXPECT_EQ(
      kept_note(ranges),
      "3 stretches keep their own mouth: 1.0-3.5 s covered, 3.5-4.0 s turned away, 5.0-6.0 s out of sight");
  EXPECT_EQ(kept_note({ranges[0]}), "1 stretch keeps its own mouth: 1.0-3.5 s covered");
  EXPECT_EQ(kept_note({}), "");
  const std::string many = kept_note(std::vector<KeptRange>(90, ranges[0]));
  EXPECT_EQ(many.find("90 stretches"), 0U);
  EXPECT_LT(many.size(), 200U);
}

}  // namespace
}  // namespace resyncer::pipeline
