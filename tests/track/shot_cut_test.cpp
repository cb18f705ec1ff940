#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "resyncer/track/face_tracker.h"

namespace resyncer::track {
namespace {

// A "talking head": bright oval with a mouth before a backdrop of soft shapes that `scene` chooses.
core::ImageU8 head(int scene, float x = 32, float mouth = 2, float pan = 0) {
  core::ImageU8 image(64, 48, 1);
  for (int py = 0; py < 48; ++py)
    for (int px = 0; px < 64; ++px) {
      float bx = float(px) + pan, fx = 0.11F + 0.05F * float(scene), fy = 0.23F - 0.04F * float(scene);
      float value =
          90 + 50 * std::sin(fx * bx + 2.1F * float(scene)) * std::cos(fy * float(py) + 1.3F * float(scene));
      float ox = (float(px) + pan - x) / 10, oy = (float(py) - 24) / 14;
      if (ox * ox + oy * oy < 1) value = 170 - 15 * float(scene % 3);
      if (std::abs(float(px) + pan - x) < 4 && std::abs(float(py) - 31) < mouth) value = 50;
      image.at(px, py) = std::uint8_t(std::clamp(value, 0.F, 255.F));
    }
  return image;
}

core::ImageU8 toned(core::ImageU8 image, float gain, float offset) {
  for (auto& v : image.data) v = std::uint8_t(std::clamp(float(v) * gain + offset, 0.F, 255.F));
  return image;
}

TEST(ShotCut, FiresBetweenScenes) {
  for (int a = 0; a < 4; ++a)
    for (int b = 0; b < 4; ++b) EXPECT_EQ(is_shot_cut(head(a), head(b)), a != b) << a << b;
}

TEST(ShotCut, IgnoresSpeechAndMovement) {
  for (int scene = 0; scene < 4; ++scene) {
    EXPECT_FALSE(is_shot_cut(head(scene), head(scene, 32, 5)));
    EXPECT_FALSE(is_shot_cut(head(scene), head(scene, 38, 1)));
    EXPECT_FALSE(is_shot_cut(head(scene), head(scene, 32, 2, 4))) << "pan";
  }
}

TEST(ShotCut, IgnoresFlashesAndFades) {
  for (int scene = 0; scene < 4; ++scene) {
    auto image = head(scene);
    EXPECT_FALSE(is_shot_cut(image, toned(image, 1.4F, 50)));
    EXPECT_FALSE(is_shot_cut(toned(image, 1.4F, 50), image));
    EXPECT_FALSE(is_shot_cut(image, core::ImageU8(64, 48, 1, 255)));
    float gain = 1;
    auto before = image;
    for (int t = 0; t < 12; ++t, gain *= 0.7F) {
      auto now = toned(image, gain, 0);
      EXPECT_FALSE(is_shot_cut(before, now)) << gain;
      before = now;
    }
  }
}

TEST(ShotCut, TakesAnySize) {
  core::ImageU8 one(1, 1, 1, 7), empty;
  EXPECT_FALSE(is_shot_cut(one, one));
  EXPECT_FALSE(is_shot_cut(empty, one));
  std::mt19937 rng(1);
  core::ImageU8 thin(64, 1, 1), other(64, 1, 1);
  for (auto& v : thin.data) v = std::uint8_t(rng());
  for (auto& v : other.data) v = std::uint8_t(rng());
  EXPECT_FALSE(is_shot_cut(thin, thin));
  EXPECT_TRUE(is_shot_cut(thin, other));
}

}  // namespace
}  // namespace resyncer::track
