#include "resyncer/generator/patch.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <random>

#include "generator/posed_face.h"

namespace resyncer::generator {
namespace {

constexpr int kWidth = 640, kHeight = 480;

// A frame with a face in it, which is its own reference.
struct Scene {
  Pose pose{12, -4, 8, 24, {330, 190}, 0.6F};
  core::ImageU8 frame = smooth_picture(kWidth, kHeight, 9);
  mesh::Vertices dense = dense_face(pose);
  Reference self{frame, dense};
  Painting painting{core::ImageF(256, 256, kReferences), core::ImageF(256, 256, 3)};
  GuidanceScratch scratch;
  core::Patch patch;
  PatchInput input;

  Scene() {
    set_weights({1, 0, 0, 0});
    input.painting = &painting;
    Pose shut = pose;
    shut.open = 0;
    input.crop_from_frame = crop_from_frame(pose_face(shut), 256);
    input.target = &dense;
    input.mask = mask_of(pose);
    input.feather = 15;
    input.references = {&self, &self, &self, &self};
    input.frame_width = kWidth;
    input.frame_height = kHeight;
  }
  void set_weights(const std::array<float, kReferences>& weights) {
    for (std::size_t i = 0; i < painting.weights.data.size(); ++i)
      painting.weights.data[i] = weights[i % kReferences];
  }
  const core::Patch& make() {
    make_patch(face_model(), input, &scratch, &patch);
    return patch;
  }
  float truth(int x, int y, int c) const {
    return float(frame.at(patch.roi.left + x, patch.roi.top + y, c)) / 255;
  }
  // Largest difference from the frame plus `offset` where the patch shows.
  float error(float offset = 0) const {
    float worst = 0;
    for (int y = 0; y < patch.rgb.height; ++y)
      for (int x = 0; x < patch.rgb.width; ++x)
        for (int c = 0; c < 3 && patch.alpha.at(x, y) > 0; ++c)
          worst = std::max(worst, std::abs(patch.rgb.at(x, y, c) - truth(x, y, c) - offset));
    return worst;
  }
};

TEST(Patch, OfTheFrameItselfIsTheFrame) {
  Scene scene;
  scene.make();
  EXPECT_GT(scene.patch.roi.width(), 200);
  EXPECT_LT(scene.error(), 4.F / 255);
  scene.set_weights({0.4F, 0.3F, 0.2F, 0.1F});
  scene.make();
  EXPECT_LT(scene.error(), 4.F / 255);
  scene.input.painting = nullptr;
  scene.make();
  EXPECT_LT(scene.error(), 4.F / 255);
}

TEST(Patch, KeepsTheSharpnessOfItsSource) {
  // Finer detail than the crop of 256 px could hold.
  Scene scene;
  scene.frame = smooth_picture(kWidth, kHeight, 4);
  scene.pose.middle += core::Point2(0.37F, 0.61F);  // the target, half a px away: the worst case of sampling
  scene.dense = dense_face(scene.pose);
  scene.self.image = scene.frame;
  const core::Patch& patch = scene.make();
  double ours = 0, source = 0;
  for (int y = 1; y + 1 < patch.rgb.height; ++y)
    for (int x = 1; x + 1 < patch.rgb.width; ++x) {
      if (patch.alpha.at(x, y) < 1) continue;
      auto laplacian = [&](auto value) {
        return 4 * value(x, y) - value(x - 1, y) - value(x + 1, y) - value(x, y - 1) - value(x, y + 1);
      };
      const float a = laplacian([&](int i, int j) { return patch.rgb.at(i, j, 1); });
      const float b = laplacian([&](int i, int j) { return scene.truth(i, j, 1); });
      ours += double(a) * double(a);
      source += double(b) * double(b);
    }
  EXPECT_GT(ours / source, 0.7);
  EXPECT_LT(ours / source, 1.3);
}

TEST(Patch, AddsTheResidual) {
  Scene scene;
  for (float& value : scene.painting.residual.data) value = 0.1F;
  scene.make();
  EXPECT_LT(scene.error(0.1F), 4.F / 255);
}

TEST(Patch, ResidualAndWeightsSitWhereTheCropPutsThem) {
  Scene scene;
  scene.self.image = core::ImageU8(kWidth, kHeight, 3, 100);
  for (int y = 0; y < 256; ++y)
    for (int x = 0; x < 256; ++x)
      for (int c = 0; c < 3; ++c) scene.painting.residual.at(x, y, c) = (float(c == 2 ? y : x) - 128) / 1000;
  const core::Patch& patch = scene.make();
  for (int y = 0; y < patch.rgb.height; ++y)
    for (int x = 0; x < patch.rgb.width; ++x) {
      if (patch.alpha.at(x, y) <= 0) continue;
      const core::Point2 p = scene.input.crop_from_frame *
                             core::Point2(float(patch.roi.left + x) + 0.5F, float(patch.roi.top + y) + 0.5F);
      if (p.minCoeff() < 1 || p.maxCoeff() > 255) continue;
      ASSERT_NEAR(patch.rgb.at(x, y, 0), 100 / 255.F + (p.x() - 128.5F) / 1000, 1e-3F);
      ASSERT_NEAR(patch.rgb.at(x, y, 2), 100 / 255.F + (p.y() - 128.5F) / 1000, 1e-3F);
    }
}

TEST(Patch, AlphaIsTheFeatheredMaskAndNothingElseHasColour) {
  Scene scene;
  const core::Patch& patch = scene.make();
  core::ImageF mask(patch.roi.width(), patch.roi.height(), 1);
  fill_mask(scene.input.mask, {float(patch.roi.left), float(patch.roi.top)}, scene.input.feather, &mask);
  EXPECT_EQ(patch.alpha.data, mask.data);
  for (const auto& p : scene.input.mask) {
    EXPECT_GE(p.x(), float(patch.roi.left));
    EXPECT_LE(p.x(), float(patch.roi.right));
    EXPECT_GE(p.y(), float(patch.roi.top));
    EXPECT_LE(p.y(), float(patch.roi.bottom));
  }
}

TEST(Patch, IsCutToTheFrame) {
  Scene scene;
  const core::Patch whole = scene.make();
  scene.input.frame_width = 300;
  scene.input.frame_height = 330;
  const core::Patch& cut = scene.make();
  EXPECT_EQ(cut.roi.right, 300);
  EXPECT_EQ(cut.roi.bottom, 330);
  ASSERT_EQ(cut.rgb.width, cut.roi.width());
  ASSERT_EQ(cut.alpha.height, cut.roi.height());
  for (int y = 0; y < cut.rgb.height; ++y)
    for (int x = 0; x < cut.rgb.width; ++x) {
      ASSERT_EQ(cut.alpha.at(x, y), whole.alpha.at(x, y));
      ASSERT_NEAR(cut.rgb.at(x, y), whole.rgb.at(x, y), 1e-4F);
    }
}

TEST(Patch, OutsideOfTheFrameOrWithoutAMaskIsEmpty) {
  Scene scene;
  for (auto& p : scene.input.mask) p.x() += 5000;
  EXPECT_TRUE(scene.make().roi.empty());
  EXPECT_TRUE(scene.patch.rgb.data.empty());
  scene.input.mask.clear();
  EXPECT_TRUE(scene.make().roi.empty());
}

// Stripes of the references' own resolution, each shifted against the next: their mean is flat.
TEST(Patch, KeepsTheDetailOfTheReferenceThatWeighsMost) {
  Scene scene;
  std::array<core::ImageU8, 4> stripes;
  std::array<Reference, 4> references;
  for (std::size_t k = 0; k < 4; ++k) {
    core::ImageU8 image(kWidth, kHeight, 3);
    for (int y = 0; y < kHeight; ++y)
      for (int x = 0; x < kWidth; ++x)
        for (int c = 0; c < 3; ++c) image.at(x, y, c) = (x + int(k)) % 4 < 2 ? 100 : 160;
    references[k] = {image, scene.dense};
    scene.input.references[k] = &references[k];
  }
  auto contrast = [&](float first) {
    for (int y = 0; y < 256; ++y)
      for (int x = 0; x < 256; ++x)
        for (int k = 0; k < kReferences; ++k)
          scene.painting.weights.at(x, y, k) = k == 0 ? first : (1 - first) / 3;
    const core::Patch& patch = scene.make();
    double sum = 0, squares = 0, n = 0;
    for (std::size_t i = 0; i < patch.alpha.data.size(); ++i) {
      if (patch.alpha.data[i] < 1) continue;
      const double v = double(patch.rgb.data[3 * i]) * 255 - 130;
      sum += v, squares += v * v, n += 1;
    }
    EXPECT_NEAR(sum / n, 0, 2);  // the mean stays where it was
    return std::sqrt(squares / n);
  };
  const double sharp = contrast(1), blend = contrast(0.4F), flat = contrast(0.25F);
  EXPECT_GT(sharp, 20);
  EXPECT_GT(blend, 0.5 * sharp);  // the blend alone would leave a fifth
  EXPECT_LT(flat, 0.1 * sharp);   // nobody weighs most
}

// References that show the same, each with its own grain: the mean has the picture and less of the grain, and
// there is nothing to add. Where each shows something else, the mean has nothing left.
TEST(Patch, AddsDetailOnlyWhereTheMeanHasLostIt) {
  auto energy = [](float common, float own) {
    Scene scene;
    std::mt19937 random(5);
    std::normal_distribution<float> normal;
    std::vector<float> picture(static_cast<std::size_t>(kWidth) * kHeight);
    for (float& value : picture) value = normal(random);
    std::array<Reference, kReferences> references;
    for (std::size_t k = 0; k < references.size(); ++k) {
      core::ImageU8 image(kWidth, kHeight, 3);
      for (std::size_t i = 0; i < picture.size(); ++i) {
        const float value = 128 + common * picture[i] + own * normal(random);
        for (std::size_t c = 0; c < 3; ++c) image.data[3 * i + c] = std::uint8_t(std::lround(value));
      }
      references[k] = {image, scene.dense};
      scene.input.references[k] = &references[k];
    }
    scene.set_weights({0.4F, 0.2F, 0.2F, 0.2F});
    const core::Patch& patch = scene.make();
    double sum = 0;
    int pixels = 0;
    for (int y = 1; y + 1 < patch.rgb.height; ++y)
      for (int x = 1; x + 1 < patch.rgb.width; ++x) {
        if (patch.alpha.at(x, y) < 1) continue;
        auto value = [&](int i, int j) { return double(patch.rgb.at(i, j, 1)) * 255; };
        const double l =
            4 * value(x, y) - value(x - 1, y) - value(x + 1, y) - value(x, y - 1) - value(x, y + 1);
        sum += l * l;
        ++pixels;
      }
    return sum / pixels / 20;  // of white noise of variance 1: 1
  };
  // With the whole detail of the first, 0.85 of the way: about 400 + 0.8 * 16.
  EXPECT_LT(energy(20, 4), 400 + 0.4 * 16);
  EXPECT_GT(energy(2, 15), 0.4 * 225);  // the mean alone has 0.28 of it
}

TEST(Patch, TakesEachPartFromTheReferenceThatItIsTold) {
  Scene scene;
  const Reference dark{core::ImageU8(kWidth, kHeight, 3, 20), scene.dense},
      bright{core::ImageU8(kWidth, kHeight, 3, 220), scene.dense};
  scene.input.references = {&dark, &bright, &dark, &dark};
  for (int y = 0; y < 256; ++y)
    for (int x = 0; x < 256; ++x) {
      scene.painting.weights.at(x, y, 0) = x < 128 ? 1.F : 0.F;
      scene.painting.weights.at(x, y, 1) = x < 128 ? 0.F : 1.F;
    }
  const core::Patch& patch = scene.make();
  for (int y = 0; y < patch.rgb.height; ++y)
    for (int x = 0; x < patch.rgb.width; ++x) {
      if (patch.alpha.at(x, y) <= 0) continue;
      const float cx = (scene.input.crop_from_frame *
                        core::Point2(float(patch.roi.left + x) + 0.5F, float(patch.roi.top + y) + 0.5F))
                           .x();
      if (std::abs(cx - 128) < 4) continue;  // the border, and as far as its detail reaches
      ASSERT_NEAR(patch.rgb.at(x, y), (cx < 128 ? 20 : 220) / 255.F, 2e-3F);
    }
}

}  // namespace
}  // namespace resyncer::generator
