#include "resyncer/identity/recogniser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "resyncer/core/error.h"
#include "resyncer/nets/identity_net.h"
#include "support/scratch_folder.h"

namespace resyncer::identity {
namespace {

using core::Point2;
using testing::HasSubstr;

const std::filesystem::path kShipped =
    std::filesystem::path(RESYNCER_SOURCE_DIR) / "models/identity.safetensors";

// Rings of points round both eyes and the mouth; the others anywhere.
core::Landmarks landmarks_at(Point2 right_eye, Point2 left_eye, Point2 mouth) {
  core::Landmarks p;
  p.fill(Point2(-1000, 3000));
  auto ring = [&](std::size_t first, std::size_t count, Point2 middle, float radius) {
    for (std::size_t i = 0; i < count; ++i) {
      const float angle = 6.2831853F * float(i) / float(count);
      p[first + i] = middle + radius * Point2(std::cos(angle), 0.5F * std::sin(angle));
    }
  };
  ring(36, 6, right_eye, 12);
  ring(42, 6, left_eye, 12);
  ring(48, 12, mouth, 20);
  return p;
}

core::Affine2 similar(float degrees, float scale, Point2 shift) {
  core::Affine2 map;
  map.linear() = scale * Eigen::Rotation2Df(degrees * 0.01745329F).toRotationMatrix();
  map.translation() = shift;
  return map;
}

// Eyes and mouth of a face whose picture needs no compromise, whatever its size, place and roll.
const Point2 kRightEye = kFacePicture * Point2(0.2F, 0.29F), kLeftEye = kFacePicture * Point2(0.8F, 0.29F),
             kMouth = kFacePicture * Point2(0.5F, 0.86F);

void expect_similarity(const core::Affine2& map) {
  const Eigen::Matrix2f m = map.linear();
  const float scale = std::sqrt(std::abs(m.determinant()));
  EXPECT_GT(m.determinant(), 0);  // no mirror
  EXPECT_LT((m.transpose() * m / (scale * scale) - Eigen::Matrix2f::Identity()).norm(), 1e-3F);
}

TEST(FacePicture, EyesAndMouthLieWhereTheNetworkExpectsThem) {
  for (const float degrees : {0.F, 25.F, -60.F, 180.F})
    for (const float scale : {0.3F, 1.F, 7.F})
      for (const Point2& shift : {Point2(0, 0), Point2(900, 150)}) {
        const core::Affine2 place = similar(degrees, scale, shift);
        const core::Affine2 map =
            picture_from_frame(landmarks_at(place * kRightEye, place * kLeftEye, place * kMouth));
        expect_similarity(map);
        EXPECT_LT((map * (place * kRightEye) - kRightEye).norm(), 0.1F) << degrees << ' ' << scale;
        EXPECT_LT((map * (place * kLeftEye) - kLeftEye).norm(), 0.1F) << degrees << ' ' << scale;
        EXPECT_LT((map * (place * kMouth) - kMouth).norm(), 0.1F) << degrees << ' ' << scale;
      }
}

// A longer face keeps its shape: it is the best similarity, not an affine map.
TEST(FacePicture, ShapeOfTheFaceIsKept) {
  const Point2 right(100, 200), left(160, 196), mouth(134, 290);
  const core::Affine2 map = picture_from_frame(landmarks_at(right, left, mouth));
  expect_similarity(map);
  auto miss = [&](const core::Affine2& m) {
    return (m * right - kRightEye).squaredNorm() + (m * left - kLeftEye).squaredNorm() +
           (m * mouth - kMouth).squaredNorm();
  };
  const Point2 middle = (kRightEye + kLeftEye + kMouth) / 3;
  for (const core::Affine2& nudge :
       {similar(1, 1, {0, 0}), similar(-1, 1, {0, 0}), similar(0, 1.02F, {0, 0}), similar(0, 0.98F, {0, 0}),
        similar(0, 1, {0.5F, 0}), similar(0, 1, {-0.5F, 0}), similar(0, 1, {0, 0.5F}),
        similar(0, 1, {0, -0.5F})}) {
    core::Affine2 other = nudge;  // about the middle of the picture's three points
    other.translation() += middle - nudge.linear() * middle;
    EXPECT_GT(miss(other * map), miss(map));
  }
}

TEST(FacePicture, PointsOnTopOfEachOtherGiveNumbers) {
  const core::Affine2 map = picture_from_frame(landmarks_at({50, 50}, {50, 50}, {50, 50}));
  EXPECT_TRUE(map.matrix().allFinite());
}

TEST(Descriptions, MeanIsAUnitVectorBetweenThem) {
  const std::vector<float> a{1, 0, 0}, b{0, 1, 0};
  const std::vector<float> mean = mean_description({a, b});
  EXPECT_NEAR(similarity(mean, mean), 1, 1e-5);
  EXPECT_NEAR(similarity(mean, a), similarity(mean, b), 1e-6);
  EXPECT_NEAR(similarity(mean, a), std::sqrt(0.5), 1e-5);
  EXPECT_GT(similarity(mean_description({a, a, b}), a), similarity(mean, a));
  EXPECT_EQ(mean_description({a}), a);
  EXPECT_TRUE(mean_description({}).empty());
  for (const float v : mean_description({{1, 0}, {-1, 0}})) EXPECT_TRUE(std::isfinite(v));
}

TEST(Descriptions, SimilarityIsTheCosine) {
  const std::vector<float> a{0.6F, 0.8F}, b{0.8F, -0.6F}, opposite{-0.6F, -0.8F};
  EXPECT_NEAR(similarity(a, a), 1, 1e-6);
  EXPECT_NEAR(similarity(a, b), 0, 1e-6);
  EXPECT_NEAR(similarity(a, opposite), -1, 1e-6);
}

// Waves of random direction and phase, a few to a picture, round middle gray.
core::ImageU8 random_picture(unsigned seed, float contrast = 40, float brightness = 128) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  core::ImageF waves(kFacePicture, kFacePicture, 1);
  float squares = 0;
  for (int k = 0; k < 12; ++k) {
    const float u = 0.35F * uniform(random), v = 0.35F * uniform(random), phase = 3.14F * uniform(random);
    for (int y = 0; y < kFacePicture; ++y)
      for (int x = 0; x < kFacePicture; ++x) waves.at(x, y) += std::sin(u * float(x) + v * float(y) + phase);
  }
  for (const float w : waves.data) squares += w * w;
  const float unit = std::sqrt(squares / float(waves.data.size()));
  core::ImageU8 gray(kFacePicture, kFacePicture, 1);
  for (std::size_t i = 0; i < gray.data.size(); ++i)
    gray.data[i] =
        std::uint8_t(std::lround(std::clamp(brightness + contrast * waves.data[i] / unit, 0.F, 255.F)));
  return gray;
}

TEST(Recogniser, GivesAUnitVectorThatDependsOnThePicture) {
  const Recogniser recogniser(kShipped);
  std::vector<std::vector<float>> seen;
  for (unsigned seed = 1; seed <= 6; ++seed) {
    seen.push_back(recogniser.describe(random_picture(seed)));
    EXPECT_NEAR(similarity(seen.back(), seen.back()), 1, 1e-3);
    EXPECT_EQ(recogniser.describe(random_picture(seed)), seen.back());
  }
  for (std::size_t a = 0; a < seen.size(); ++a)
    for (std::size_t b = 0; b < a; ++b) EXPECT_LT(similarity(seen[a], seen[b]), 0.8) << a << ' ' << b;
  // One without any contrast has a vector, too.
  const auto flat = recogniser.describe(core::ImageU8(kFacePicture, kFacePicture, 1, 90));
  EXPECT_TRUE(std::all_of(flat.begin(), flat.end(), [](float v) { return std::isfinite(v); }));
}

TEST(Recogniser, BrightnessAndContrastHardlyMatter) {
  const Recogniser recogniser(kShipped);
  for (unsigned seed = 1; seed <= 4; ++seed) {
    const auto usual = recogniser.describe(random_picture(seed, 40, 128));
    EXPECT_GT(similarity(usual, recogniser.describe(random_picture(seed, 40, 100))), 0.97) << seed;
    EXPECT_GT(similarity(usual, recogniser.describe(random_picture(seed, 25, 150))), 0.97) << seed;
  }
}

// Hair, background and the jaw's edge are not the inner face.
TEST(Recogniser, CornersAreNotLookedAt) {
  const Recogniser recogniser(kShipped);
  core::ImageU8 picture = random_picture(3);
  const auto before = recogniser.describe(picture);
  auto paint = [&](float from, float to) {  // distance from the middle, of half a width
    core::ImageU8 changed = picture;
    for (int y = 0; y < kFacePicture; ++y)
      for (int x = 0; x < kFacePicture; ++x) {
        const float distance = (Point2(float(x), float(y)) / (0.5F * kFacePicture) - Point2(1, 1)).norm();
        if (distance >= from && distance < to) changed.at(x, y) = 255;
      }
    return recogniser.describe(changed);
  };
  EXPECT_GT(similarity(before, paint(1.25F, 2)), 0.999);
  EXPECT_LT(similarity(before, paint(0.4F, 0.7F)), 0.95);
}

TEST(Recogniser, MovesWithoutChange) {
  Recogniser first(kShipped);
  const auto before = first.describe(random_picture(2));
  Recogniser second(std::move(first));
  EXPECT_EQ(second.describe(random_picture(2)), before);
}

class BadWeights : public testing::Test {
 protected:
  support::ScratchFolder folder;
  std::filesystem::path path = folder / "identity.safetensors";

  std::string fault() const {
    try {
      const Recogniser recogniser(path);
    } catch (const core::Error& e) {
      EXPECT_EQ(e.kind(), core::ErrorKind::model) << e.what();
      return e.what();
    }
    return "";
  }
};

TEST_F(BadWeights, AreRefused) {
  EXPECT_THAT(fault(), HasSubstr("identity.safetensors"));  // there is none
  std::filesystem::copy_file(kShipped, path);
  EXPECT_EQ(fault(), "");
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  EXPECT_THAT(fault(), HasSubstr("identity.safetensors"));
  std::filesystem::resize_file(path, 5);
  EXPECT_THAT(fault(), HasSubstr("identity.safetensors"));
  std::filesystem::copy_file(std::filesystem::path(RESYNCER_SOURCE_DIR) / "models/sync-judge.safetensors",
                             path, std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(fault(), HasSubstr("identity"));
}

TEST_F(BadWeights, ANetworkForOtherPicturesIsRefused) {
  nets::save_identity_net(path, nets::IdentityNet(nets::IdentityNetConfig{64, 8, 4}));
  EXPECT_THAT(fault(), HasSubstr("pictures of another size"));
}

}  // namespace
}  // namespace resyncer::identity
