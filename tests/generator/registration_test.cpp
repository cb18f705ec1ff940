// Where the face lies from where the mesh says: that of a picture moved by a known amount.
#include "generator/registration.h"

#include <gtest/gtest.h>

#include <cmath>

namespace resyncer::generator {
namespace {

constexpr int kSide = 256;

float skin(float x, float y) {
  return 0.5F + 0.08F * std::sin(0.31F * x + 0.11F * y) + 0.08F * std::cos(0.07F * x - 0.27F * y);
}

// A face all over the crop, its hole below the middle; the mesh of every reference lies `dx`, `dy` px from
// where the frame's face is.
Guidance face(float dx, float dy) {
  Guidance guidance;
  guidance.side = kSide;
  guidance.planes = core::ImageF(kSide, kSide, kGuidancePlanes);
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x) {
      float* pixel = &guidance.planes.at(x, y);
      for (int c = 0; c < 3; ++c) pixel[c] = y < 128 ? skin(float(x), float(y)) : 0;
      pixel[3] = y < 128 ? 0 : 1;
      pixel[4] = 0.8F;
      for (int k = 0; k < kReferences; ++k) {
        float* reference = pixel + 6 + 4 * k;
        for (int c = 0; c < 3; ++c) reference[c] = skin(float(x) + dx, float(y) + dy);
        reference[3] = k == 0 ? 1.F : 0.2F;
      }
    }
  return guidance;
}

template <class Change>
void change_frame(Guidance* guidance, Change change) {
  for (int y = 0; y < 128; ++y)
    for (int x = 0; x < kSide; ++x)
      for (int c = 0; c < 3; ++c) change(x, y, &guidance->planes.at(x, y, c));
}

TEST(Registration, FindsWhereTheFaceIs) {
  for (const float shift : {-0.7F, -0.3F, 0.3F, 0.7F}) {
    EXPECT_NEAR(misplacement(face(shift, 0)).x(), shift, 0.12F);
    EXPECT_NEAR(misplacement(face(shift, 0)).y(), 0, 0.1F);
    const core::Point2 upright = misplacement(face(0, shift));  // the jaw's share is left out
    EXPECT_GT(upright.y() / shift, 0.4F);
    EXPECT_LT(upright.y() / shift, 0.75F);
    EXPECT_NEAR(upright.x(), 0, 0.1F);
  }
}

TEST(Registration, LeavesAloneWhatFits) { EXPECT_LT(misplacement(face(0, 0)).norm(), 1e-3F); }

TEST(Registration, MovesByAPixelAtMost) {
  EXPECT_LE(std::abs(misplacement(face(2.5F, -2.5F)).x()), 1);
  EXPECT_LE(std::abs(misplacement(face(2.5F, -2.5F)).y()), 1);
}

TEST(Registration, OtherLightIsNoMovement) {
  Guidance guidance = face(0.4F, 0);
  change_frame(&guidance, [](int x, int, float* value) { *value += 0.05F + 0.0003F * float(x); });
  EXPECT_NEAR(misplacement(guidance).x(), 0.4F, 0.12F);
}

TEST(Registration, AnObjectBeforeTheFaceIsNoMovement) {
  Guidance guidance = face(0.4F, 0);
  change_frame(&guidance, [](int x, int y, float* value) {
    if (x > 60 && x < 120 && y > 40) *value = 0.1F + 0.005F * float(x - 60);
  });
  EXPECT_NEAR(misplacement(guidance).x(), 0.4F, 0.15F);
}

TEST(Registration, NothingToSeeIsNoMovement) {
  Guidance flat = face(0.5F, 0.5F);
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x)
      for (int k = 0; k < kReferences; ++k)
        for (int c = 0; c < 3; ++c) flat.planes.at(x, y, 6 + 4 * k + c) = 0.5F;
  EXPECT_LT(misplacement(flat).norm(), 1e-3F);
  Guidance hidden = face(0.5F, 0.5F);
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x) hidden.planes.at(x, y, 3) = 1;
  EXPECT_EQ(misplacement(hidden), core::Point2(0, 0));
}

}  // namespace
}  // namespace resyncer::generator
