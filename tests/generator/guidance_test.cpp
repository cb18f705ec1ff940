#include "resyncer/generator/guidance.h"

#include <gtest/gtest.h>

#include <cmath>

#include "generator/kernel.h"
#include "generator/posed_face.h"

namespace resyncer::generator {
namespace {

float roll_of(const core::Affine2& map) { return std::atan2(map(1, 0), map(0, 0)) * 57.29578F; }
float scale_of(const core::Affine2& map) { return std::sqrt(std::abs(map.linear().determinant())); }

TEST(CropFromFrame, AFrontalFaceFillsItsShareOfTheCrop) {
  const auto map = crop_from_frame(pose_face({}), 256);
  // 15 px a cm at the head's origin; the landmarks are some 9 of 80 cm nearer.
  EXPECT_NEAR(scale_of(map), 256 / (17 * 15.F) * 71 / 80, 0.04F);
  EXPECT_NEAR(roll_of(map), 0, 0.5F);
  const mesh::Vertices v = transform(pose_face({}), map);
  EXPECT_NEAR(0.5F * (v(33, 0) + v(8, 0)), 128, 1e-2);
  EXPECT_NEAR(0.5F * (v(33, 1) + v(8, 1)), 128, 1e-2);
}

TEST(CropFromFrame, FollowsRollSizeAndPlaceExactly) {
  const mesh::Vertices straight =
      transform(pose_face({10, -5, 0}), crop_from_frame(pose_face({10, -5, 0}), 256));
  Pose moved{10, -5, 40, 37, {800, 333}};
  const mesh::Vertices rolled = transform(pose_face(moved), crop_from_frame(pose_face(moved), 256));
  EXPECT_LT((straight.leftCols<2>() - rolled.leftCols<2>()).rowwise().norm().maxCoeff(), 0.6F);
}

TEST(CropFromFrame, ScaleDoesNotChangeWhenTheHeadTurns) {
  const float frontal = scale_of(crop_from_frame(pose_face({}), 256));
  for (float yaw : {-40.F, -20.F, 20.F, 40.F})
    for (float pitch : {-20.F, 0.F, 20.F}) {
      const auto map = crop_from_frame(pose_face({yaw, pitch, 0}), 256);
      EXPECT_NEAR(scale_of(map) / frontal, 1, 0.05) << yaw << " " << pitch;
      EXPECT_LT(std::abs(roll_of(map)), 10) << yaw << " " << pitch;
    }
}

TEST(CropFromFrame, IsSmoothInThePose) {
  core::Affine2 last = crop_from_frame(pose_face({-45, 0, 0}), 256), before = last;
  for (float yaw = -44.5F; yaw < 45; yaw += 0.5F) {
    const auto map = crop_from_frame(pose_face({yaw, 0.5F * yaw, 0.2F * yaw}), 256);
    if (yaw > -44) {  // second difference of where the frame's centre goes
      const core::Point2 p(150, 150);
      EXPECT_LT((map * p - 2 * (last * p) + before * p).norm(), 0.12F) << yaw;
    }
    before = last;
    last = map;
  }
}

struct Scene {
  explicit Scene(const Pose& pose = {}) {
    const auto map = crop_from_frame(pose_face(pose), 256);
    control = transform(pose_face(pose), map);
    Pose shut = pose;
    shut.open = 0;
    polygon = mask_polygon(transform(pose_face(shut), map), control, control);
    fill_mask(polygon, {0, 0}, 0, &mask);
    dense = mesh::dense_vertices(face_model(), control);
  }
  const Guidance& build(const std::vector<const Reference*>& references) {
    build_guidance(face_model(), {&crop, &mask, &dense, references, trust}, &scratch, &guidance);
    return guidance;
  }

  core::ImageU8 crop = smooth_picture(256, 256, 40);
  core::ImageF mask{256, 256, 1};
  mesh::Vertices control, dense;
  std::vector<core::Point2> polygon;
  std::vector<float> trust;
  GuidanceScratch scratch;
  Guidance guidance;
};

TEST(Guidance, PlanesOfTheFrameAreWhatTheyAreDocumentedToBe) {
  Scene scene({10, 0, 0, 15, {150, 150}, 0.7F});
  const Reference self{scene.crop, scene.dense};
  const Guidance& g = scene.build({&self, &self, &self, &self});
  int mouth = 0;
  for (int y = 0; y < 256; ++y)
    for (int x = 0; x < 256; ++x) {
      const float hole = scene.mask.at(x, y);
      for (int c = 0; c < 3; ++c)
        ASSERT_NEAR(g.planes.at(x, y, c), hole > 0 ? 0.F : float(scene.crop.at(x, y, c)) / 255, 1e-6F);
      ASSERT_EQ(g.planes.at(x, y, 3), hole);
      ASSERT_EQ(g.planes.at(x, y, 4), scene.scratch.shading.at(x, y));
      if (g.planes.at(x, y, 5) > 0) {
        ++mouth;
        ASSERT_EQ(g.planes.at(x, y, 4), 0);
        ASSERT_EQ(hole, 1);
      }
    }
  EXPECT_GT(mouth, 200);
}

TEST(Guidance, AReferenceOfTheSamePoseIsTheFrameItself) {
  Scene scene({15, 5, 0, 15, {150, 150}, 0.5F});
  const Reference self{scene.crop, scene.dense};
  const Guidance& g = scene.build({&self, &self, &self, &self});
  double error = 0;
  int pixels = 0;
  for (int y = 0; y < 256; ++y)
    for (int x = 0; x < 256; ++x) {
      if (scene.mask.at(x, y) == 0) continue;
      for (int slot = 0; slot < kReferences; ++slot)
        for (int c = 0; c < 3; ++c) {
          const float difference =
              std::abs(g.planes.at(x, y, 6 + 4 * slot + c) - float(scene.crop.at(x, y, c)) / 255);
          ASSERT_LT(difference, 1.5F / 255) << x << " " << y;
          error += double(difference);
        }
      ++pixels;
      const float validity = g.planes.at(x, y, 9);
      ASSERT_GT(validity, 0.2F);
      if (scene.scratch.raster.triangle.at(x, y) >= 0) {
        ASSERT_EQ(validity, 1.F) << x << " " << y;
      }
    }
  EXPECT_GT(pixels, 15000);
  EXPECT_LT(error / (12.0 * pixels), 0.3 / 255);
}

TEST(Guidance, AReferenceInOtherLightIsGivenTheLightOfTheFrame) {
  Scene scene({15, 5, 0, 15, {150, 150}, 0.5F});
  for (int y = 0; y < 256; ++y)  // brighter to the right, and warmer
    for (int x = 0; x < 256; ++x)
      for (int c = 0; c < 3; ++c) scene.crop.at(x, y, c) = std::uint8_t(120 + 3 * (2 - c) + x / 32);
  Reference other{core::ImageU8(256, 256, 3, 120), scene.dense};
  const Guidance& g = scene.build({&other, &other, &other, &other});
  for (int y = 0; y < 256; ++y)
    for (int x = 0; x < 256; ++x) {
      if (scene.mask.at(x, y) == 0) continue;
      for (int c = 0; c < 3; ++c) {
        ASSERT_NEAR(g.planes.at(x, y, 6 + c), float(scene.crop.at(x, y, c)) / 255, 3.F / 255)
            << x << " " << y;
        ASSERT_NEAR(g.planes.at(x, y, 6 + c) - g.light.at(x, y, c), 120 / 255.F, 1e-3F);
      }
    }
}

TEST(Guidance, TrustScalesTheValidityAndNothingElse) {
  Scene scene({5, 0, 0, 15, {150, 150}, 0.3F});
  const Reference self{scene.crop, scene.dense};
  const core::ImageF plain = scene.build({&self, &self, &self, &self}).planes;
  scene.trust = {1, 0.5F, 0.25F, 0.125F};
  const core::ImageF& scaled = scene.build({&self, &self, &self, &self}).planes;
  for (std::size_t i = 0; i < plain.data.size(); ++i) {
    const std::size_t plane = i % kGuidancePlanes, slot = plane < 6 ? 0 : (plane - 6) / 4;
    const bool validity = plane >= 6 && (plane - 6) % 4 == 3;
    ASSERT_FLOAT_EQ(scaled.data[i], plain.data[i] * (validity ? scene.trust[slot] : 1.F));
  }
}

TEST(Guidance, LeavesNoBlackHolesInTheMask) {
  Scene scene({-20, 0, 0, 15, {150, 150}, 1});
  // Small, turned the other way, and the chin cut off by the picture's edge.
  const Reference other{core::ImageU8(300, 230, 3, 200), dense_face({25, 5, 10, 15, {150, 150}, 0})};
  const Guidance& g = scene.build({&other, &other, &other, &other});
  int outside = 0;
  for (int y = 0; y < 256; ++y)
    for (int x = 0; x < 256; ++x) {
      if (scene.mask.at(x, y) == 0) continue;
      for (int c = 0; c < 3; ++c)
        ASSERT_NEAR(g.planes.at(x, y, 6 + c) - g.light.at(x, y, c), 200 / 255.F, 1e-3F);
      outside += g.planes.at(x, y, 9) == 0;
    }
  EXPECT_GT(outside, 100);
}

TEST(Guidance, TheMouthIsTrustedAsFarAsTheReferencesIsOpen) {
  Scene scene({0, 0, 0, 15, {150, 150}, 1});
  auto reference = [](float open) {
    return Reference{core::ImageU8(300, 300, 3, 90), dense_face({0, 0, 0, 15, {150, 150}, open})};
  };
  const Reference shut = reference(0), half = reference(0.5F), wide = reference(1);
  const Guidance& g = scene.build({&shut, &half, &wide, &wide});
  int pixels = 0;
  for (int y = 0; y < 256; ++y)
    for (int x = 0; x < 256; ++x)
      if (g.planes.at(x, y, 5) > 0) {
        const float* p = &g.planes.at(x, y, 0);
        ASSERT_LT(p[9], p[13]);
        ASSERT_LT(p[13], p[17]);
        ASSERT_GT(p[17], 0.95F);
        ++pixels;
      }
  EXPECT_GT(pixels, 300);
}

TEST(Guidance, SkinThatTheReferenceSeesFromTheSideIsTrustedLess) {
  Scene scene({-35, 0, 0});
  const Reference turned{core::ImageU8(300, 300, 3, 90), dense_face({45, 0, 0})};
  const Guidance& g = scene.build({&turned, &turned, &turned, &turned});
  auto validity = [&](int landmark) {
    return g.planes.at(int(scene.control(landmark, 0)), int(scene.control(landmark, 1)), 9);
  };
  EXPECT_LT(std::min(validity(4), validity(12)), 0.9F);
  EXPECT_GT(validity(57), 0.9F);
}

TEST(Guidance, ALargeReferenceIsAveragedNotSubsampled) {
  Scene scene;
  for (float scale : {2.F, 3.5F, 8.F}) {
    // One px stripes at the reference's own resolution: their average is gray.
    const Pose pose{0, 0, 0, 15 * scale, {150 * scale, 150 * scale}};
    core::ImageU8 stripes(int(300 * scale), int(300 * scale), 3);
    for (int y = 0; y < stripes.height; ++y)
      for (int x = 0; x < stripes.width; ++x)
        for (int c = 0; c < 3; ++c) stripes.at(x, y, c) = (x + y) % 2 == 0 ? 255 : 0;
    const Reference large{stripes, dense_face(pose)};
    const Guidance& g = scene.build({&large, &large, &large, &large});
    for (int y = 0; y < 256; ++y)
      for (int x = 0; x < 256; ++x)
        if (scene.mask.at(x, y) > 0) {
          ASSERT_NEAR(g.planes.at(x, y, 6) - g.light.at(x, y, 0), 0.5F, 0.06F) << scale;
        }
  }
}

TEST(Kernel, FastAndSlowPathsAgreeAndKeepConstants) {
  core::ImageU8 noise(37, 23, 3);
  std::mt19937 random(4);
  for (auto& value : noise.data) value = std::uint8_t(random());
  const core::ImageU8 flat(37, 23, 3, 77);
  std::uniform_real_distribution<float> x(-5, 42), y(-5, 28), shrink(0.2F, 3);
  for (int i = 0; i < 20000; ++i) {
    const Kernel kernel = kernel_for(shrink(random));
    const float px = x(random), py = y(random);
    const Float4 fast = sample(noise, kernel, px, py), slow = sample_near_edge(noise, kernel, px, py);
    for (int c = 0; c < 4; ++c) ASSERT_NEAR(fast[c], slow[c], 5e-4F) << px << " " << py;
    ASSERT_NEAR(sample(flat, kernel, px, py)[1], 77 / 255.F, 5e-4F);
  }
  const float nan = std::nanf("");
  for (float bad : {nan, INFINITY, -INFINITY, 1e30F}) {
    const Float4 colour = sample(noise, kernel_for(1), bad, bad);
    EXPECT_GE(colour[0], 0);
    EXPECT_LE(colour[0], 1);
  }
  EXPECT_NEAR(sample(core::ImageU8(1, 1, 3, 51), kernel_for(1), 0, 0)[2], 0.2F, 1e-5F);
}

TEST(Kernel, PixelCentresComeBackExactly) {
  const core::ImageU8 picture = smooth_picture(40, 30, 7);
  for (int y = 0; y < 30; ++y)
    for (int x = 0; x < 40; ++x)
      for (int c = 0; c < 3; ++c)
        ASSERT_NEAR(sample(picture, kernel_for(1), float(x) + 0.5F, float(y) + 0.5F)[c],
                    float(picture.at(x, y, c)) / 255, 1e-4F);
}

}  // namespace
}  // namespace resyncer::generator
