#include <gtest/gtest.h>

#include "compose/test_picture.h"
#include "resyncer/core/membrane.h"

namespace resyncer::compose {
namespace {

using media::ColorMatrix;

struct Scene {
  TestPicture picture{{layout_of(320, 240, 8, 1, 1, false, false, ColorMatrix::bt709), Packing::planar}};
  core::Patch patch = patch_of({51, 33, 251, 213}, 0);
  core::ImageF truth;
  Workspace work;

  Scene() {
    picture.fill(1, true);
    read_rgb(picture.picture, patch.roi, &truth, &work);
    patch.rgb = truth;
    feather(&patch, 14);
  }
  template <typename Change>
  void distort(Change change) {
    for (int y = 0; y < truth.height; ++y)
      for (int x = 0; x < truth.width; ++x)
        for (int c = 0; c < 3; ++c)
          patch.rgb.at(x, y, c) += change(float(x) / float(truth.width), float(y) / float(truth.height), c);
  }
  float worst_error() const {
    float worst = 0;
    for (int y = 0; y < truth.height; ++y)
      for (int x = 0; x < truth.width; ++x)
        for (int c = 0; c < 3 && patch.alpha.at(x, y) > 0; ++c)
          worst = std::max(worst, std::abs(patch.rgb.at(x, y, c) - truth.at(x, y, c)));
    return worst;
  }
};

TEST(MatchColour, NoDifferenceIsNoCorrection) {
  Scene scene;
  match_colour(scene.picture.picture, {}, &scene.patch, &scene.work);
  EXPECT_LT(scene.worst_error(), 1e-5F);
}

TEST(MatchColour, RemovesAConstantOffset) {
  for (float sign : {-1.F, 1.F}) {
    Scene scene;
    scene.distort([&](float, float, int c) { return sign * (0.03F + 0.015F * float(c)); });
    match_colour(scene.picture.picture, {}, &scene.patch, &scene.work);
    EXPECT_LT(scene.worst_error(), 2e-3F);
  }
}

TEST(MatchColour, RemovesALinearRamp) {
  Scene scene;
  scene.distort(
      [](float u, float v, int c) { return 0.08F * (u - 0.5F) - 0.04F * (v - 0.5F) * float(c - 1); });
  match_colour(scene.picture.picture, {}, &scene.patch, &scene.work);
  EXPECT_LT(scene.worst_error(), 0.012F);
}

TEST(MatchColour, ClampsWhatIsNoLight) {
  Scene scene;
  scene.distort([](float, float, int) { return 0.3F; });
  core::ImageF before = scene.patch.rgb;
  match_colour(scene.picture.picture, {}, &scene.patch, &scene.work);
  for (std::size_t i = 0; i < before.data.size(); ++i)
    ASSERT_LE(std::abs(before.data[i] - scene.patch.rgb.data[i]), 0.0801F);
}

TEST(MatchColour, BridgesAnObjectOnTheRim) {
  // A light offset everywhere, and a dark strand across a tenth of the rim that the patch does not have.
  Scene scene;
  for (int y = 0; y < 240; ++y)
    for (int x = 140; x < 160; ++x) scene.picture.set(0, x, y, y < 120 ? 20 : scene.picture.get(0, x, y));
  scene.distort([](float, float, int) { return -0.04F; });
  match_colour(scene.picture.picture, {}, &scene.patch, &scene.work);
  float worst = 0;
  for (int y = 20; y < scene.truth.height - 20; ++y)
    for (int x = 20; x < scene.truth.width - 20; ++x)
      if (scene.patch.alpha.at(x, y) > 0)
        worst = std::max(worst, std::abs(scene.patch.rgb.at(x, y, 1) - scene.truth.at(x, y, 1)));
  EXPECT_LT(worst, 0.02F);
}

TEST(MatchColour, KeepsDetailAndBlack) {
  Scene scene;
  for (int y = 80; y < 100; ++y)
    for (int x = 90; x < 110; ++x)
      for (int c = 0; c < 3; ++c) scene.patch.rgb.at(x, y, c) = (x + y) % 2 == 0 ? 0.01F : 0.02F;
  scene.distort([](float u, float v, int) {
    const bool mouth = u > 0.4F && u < 0.6F && v > 0.4F && v < 0.6F;
    return mouth ? 0.F : -0.06F;
  });
  core::ImageF before = scene.patch.rgb;
  match_colour(scene.picture.picture, {}, &scene.patch, &scene.work);
  for (int y = 82; y < 98; ++y)
    for (int x = 92; x < 108; ++x) ASSERT_LT(scene.patch.rgb.at(x, y, 0), before.at(x, y, 0) + 0.01F);
  // The correction differs little from pixel to pixel on bright skin.
  for (int y = 20; y < 60; ++y)
    for (int x = 20; x < 180; ++x) {
      float here = scene.patch.rgb.at(x, y, 1) - before.at(x, y, 1);
      float there = scene.patch.rgb.at(x + 1, y, 1) - before.at(x + 1, y, 1);
      ASSERT_NEAR(here, there, 0.004F);
    }
}

TEST(MatchColour, HardMasksAndMasksAtTheFramesBorderWork) {
  for (core::Box roi : {core::Box{0, 0, 80, 60}, {-10, -7, 61, 50}, {290, 200, 340, 250}, {5, 5, 7, 6}}) {
    Scene scene;
    scene.patch = patch_of(roi, 1);
    core::Box inside = core::intersect(roi, scene.picture.picture.box());
    core::ImageF truth;
    read_rgb(scene.picture.picture, inside, &truth, &scene.work);
    for (int y = inside.top; y < inside.bottom; ++y)
      for (int x = inside.left; x < inside.right; ++x)
        for (int c = 0; c < 3; ++c)
          scene.patch.rgb.at(x - roi.left, y - roi.top, c) =
              truth.at(x - inside.left, y - inside.top, c) + 0.05F;
    match_colour(scene.picture.picture, {}, &scene.patch, &scene.work);
    for (int y = inside.top; y < inside.bottom; ++y)
      for (int x = inside.left; x < inside.right; ++x)
        ASSERT_NEAR(scene.patch.rgb.at(x - roi.left, y - roi.top, 1),
                    truth.at(x - inside.left, y - inside.top, 1), 3e-3F);
  }
  Scene whole;  // the patch is the frame: no rim, nothing to compare with
  whole.patch = patch_of({0, 0, 320, 240}, 1);
  match_colour(whole.picture.picture, {}, &whole.patch, &whole.work);
  EXPECT_EQ(whole.patch.rgb.at(100, 100, 1), 0.5F);
}

TEST(Membrane, SpansAPlaneFromItsRing) {
  for (int size : {7, 16, 33, 64}) {
    std::vector<float> memory(2 * std::size_t(size) * size, 0.F);
    core::Grid grid{size, size, 1, memory.data()};
    auto plane = [&](int x, int y) { return float(x - 2 * y) / float(size); };
    for (int y = 0; y < size; ++y)
      for (int x = 0; x < size; ++x)
        if (x == 0 || y == 0 || x == size - 1 || y == size - 1) {
          grid.value(0)[y * size + x] = plane(x, y);
          grid.weight()[y * size + x] = 1;
        }
    ASSERT_TRUE(core::solve_membrane(&grid, &memory));
    for (int y = 0; y < size; ++y)
      for (int x = 0; x < size; ++x) ASSERT_NEAR(grid.value(0)[y * size + x], plane(x, y), 0.12F) << size;
  }
  std::vector<float> memory(2 * 9, 0.F);
  core::Grid grid{3, 3, 1, memory.data()};
  EXPECT_FALSE(core::solve_membrane(&grid, &memory));
}

}  // namespace
}  // namespace resyncer::compose
