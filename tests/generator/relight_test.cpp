// The light of a swapped face.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "generator/painted_face.h"

namespace resyncer::generator {
namespace {

TEST(Relight, TakesToneAndLightFromTheFrame) {
  struct Light {
    Colour gain;
    float slope;
  };
  for (const Light& light : {Light{{0.6F, 0.6F, 0.6F}, 0}, Light{{1.2F, 0.9F, 0.7F}, 0},
                             Light{{0.8F, 0.8F, 0.8F}, 0.8F}, Light{{0.7F, 0.9F, 1.1F}, -0.8F}}) {
    Swap swap;
    swap.lender.image = in_other_light(swap.frame, light.gain, light.slope);
    swap.paint();
    const float before = swap.difference();
    ASSERT_GT(before, 0.05F);
    swap.light();
    EXPECT_LT(swap.difference(), 0.015F) << light.gain.transpose() << ' ' << light.slope;
  }
}

TEST(Relight, TakesItFromTheFrameThatHasALightOfItsOwn) {
  Swap swap;
  swap.frame = in_other_light(swap.frame, {0.8F, 0.7F, 0.9F}, 0.9F);
  swap.paint();
  ASSERT_GT(swap.difference(), 0.05F);
  swap.light();
  EXPECT_LT(swap.difference(), 0.015F);
}

TEST(Relight, LeavesWhatHasTheFramesLight) {
  Swap swap;
  swap.paint();
  const core::ImageF before = swap.patch.rgb;
  const SkinSeen seen = swap.light();
  float worst = 0;
  double sum = 0;
  for (std::size_t i = 0; i < before.data.size(); ++i) {
    const float difference = std::abs(before.data[i] - swap.patch.rgb.data[i]);
    worst = std::max(worst, difference), sum += double(difference);
  }
  EXPECT_LT(worst, 0.05F);
  EXPECT_LT(sum / double(before.data.size()), 0.004);
  for (std::size_t i = 0; i < swap.patch.alpha.data.size(); ++i) {
    if (swap.patch.alpha.data[i] < 0.95F) continue;
    ASSERT_GT(seen.own.data[i], 0.95F);
    ASSERT_GT(seen.painted.data[i], 0.95F);
  }
}

TEST(Relight, KeepsTheFeatures) {
  Swap swap;
  swap.lender.image = in_other_light(swap.frame, {0.6F, 0.8F, 0.7F});
  swap.paint();
  swap.light();
  const Point2 lip = swap.in_patch(swap.dense, 57) - Point2(0, 0.2F * kPxPerCm);
  for (int c = 0; c < 3; ++c)
    EXPECT_NEAR(swap.at(swap.patch.rgb, lip, c), swap.at(swap.rgb, lip, c), 0.05F) << c;
}

TEST(Relight, TellsHairFromSkinInEitherPicture) {
  for (const bool in_frame : {true, false}) {
    Swap swap;
    (in_frame ? swap.frame : swap.lender.image) = with_hair(swap.frame, swap.dense);
    swap.paint();
    const SkinSeen seen = swap.light();
    const core::ImageF &hairy = in_frame ? seen.own : seen.painted,
                       &bare = in_frame ? seen.painted : seen.own;
    const Point2 lock = swap.in_patch(swap.dense, kLock), other_side = swap.in_patch(swap.dense, kOtherSide),
                 cheek = swap.in_patch(swap.dense, 108);
    EXPECT_LT(swap.at(hairy, lock), 0.05F) << in_frame;
    EXPECT_GT(swap.at(hairy, other_side), 0.95F) << in_frame;
    EXPECT_GT(swap.at(hairy, cheek), 0.95F) << in_frame;
    EXPECT_GT(swap.at(bare, lock), 0.95F) << in_frame;
    join_faces(seen, {}, &swap.patch);
    EXPECT_LT(swap.at(swap.patch.alpha, lock), 0.05F) << in_frame;
    EXPECT_GT(swap.at(swap.patch.alpha, cheek), 0.5F) << in_frame;
    // Hair spoils the light of neither.
    EXPECT_NEAR(swap.at(swap.patch.rgb, cheek), swap.at(swap.rgb, cheek), 0.03F) << in_frame;
  }
}

TEST(Relight, WithoutSkinNothingChanges) {
  Swap swap;
  swap.lender.image = in_other_light(swap.frame, {0.6F, 0.6F, 0.6F});
  swap.paint();
  std::fill(swap.patch.alpha.data.begin(), swap.patch.alpha.data.end(), 0.F);
  const core::ImageF before = swap.patch.rgb;
  const SkinSeen seen = swap.light();
  EXPECT_EQ(swap.patch.rgb.data, before.data);
  for (const core::ImageF* image : {&seen.own, &seen.painted}) {
    ASSERT_EQ(image->data.size(), swap.patch.alpha.data.size());
    EXPECT_EQ(*std::min_element(image->data.begin(), image->data.end()), 1);
  }
}

}  // namespace
}  // namespace resyncer::generator
