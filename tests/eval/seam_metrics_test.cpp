#include "resyncer/eval/seam_metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace resyncer::eval {
namespace {

using core::ImageF;

constexpr int kSide = 120, kFirst = 30, kLast = 90;  // the mask's square

bool inside(int x, int y) { return x >= kFirst && x < kLast && y >= kFirst && y < kLast; }

// 1 in the square, with a linear edge of `feather` px inside of it.
ImageF square(int feather) {
  ImageF alpha(kSide, kSide, 1);
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x) {
      const int deep = std::min({x - kFirst, kLast - 1 - x, y - kFirst, kLast - 1 - y}) + 1;
      alpha.at(x, y) = std::clamp(float(deep) / float(feather + 1), 0.F, 1.F);
    }
  return alpha;
}

// Skin: noise on a slope.
ImageF skin() {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-0.02F, 0.02F);
  ImageF image(kSide, kSide, 3);
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x) {
      const float grain = uniform(random);
      for (int c = 0; c < 3; ++c) image.at(x, y, c) = 0.3F + 0.002F * float(x) + grain;
    }
  return image;
}

ImageF brighter_by(const ImageF& image, const ImageF& alpha, float step) {
  ImageF out = image;
  for (std::size_t i = 0; i < alpha.data.size(); ++i)
    for (std::size_t c = 0; c < 3; ++c) out.data[3 * i + c] += step * alpha.data[i];
  return out;
}

TEST(SeamZones, EdgeAndBesideAreApartAndReachAsFarAsTheySay) {
  const SeamZones hard = seam_zones(square(0));
  // 60 px wide: the edge reaches 1 px to either side of the border, beside 2 px further.
  for (int x = 0; x < kSide; ++x) {
    const bool edge = x == kFirst - 1 || x == kFirst || x == kLast - 1 || x == kLast;
    const bool beside = (x >= kFirst - 3 && x < kFirst - 1) || (x > kFirst && x <= kFirst + 2) ||
                        (x < kLast - 1 && x >= kLast - 3) || (x > kLast && x <= kLast + 2);
    EXPECT_EQ(hard.edge.at(x, 60) > 0, edge) << x;
    EXPECT_EQ(hard.beside.at(x, 60) > 0, beside) << x;
  }
  EXPECT_EQ(seam_reach(60), 4);
  const SeamZones soft = seam_zones(square(5));
  for (int x = kFirst; x < kFirst + 5; ++x) EXPECT_GT(soft.edge.at(x, 60), 0) << "all of the feather";
}

TEST(Seam, EqualPicturesHaveNone) {
  const SeamZones zones = seam_zones(square(3));
  EXPECT_EQ(seam_ratio(skin(), skin(), zones), 1.0);
}

TEST(Seam, AStepAtTheBorderIsSeenAndGrows) {
  for (int feather : {0, 4}) {
    const ImageF alpha = square(feather);
    const SeamZones zones = seam_zones(alpha);
    const double slight = seam_ratio(brighter_by(skin(), alpha, 0.05F), skin(), zones);
    const double strong = seam_ratio(brighter_by(skin(), alpha, 0.15F), skin(), zones);
    EXPECT_GT(slight, 1.1) << feather;
    EXPECT_GT(strong, slight + 0.5) << feather;
  }
}

TEST(Seam, NewSkinWithAsMuchGrainHasNone) {
  ImageF other = skin();
  const ImageF alpha = square(0);
  std::reverse(other.data.begin(), other.data.end());  // other grain; the slope turned
  ImageF result = skin();
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x)
      for (int c = 0; c < 3; ++c)
        if (inside(x, y)) result.at(x, y, c) += other.at(x, y, c) - (0.3F + 0.002F * float(kSide - 1 - x));
  EXPECT_NEAR(seam_ratio(result, skin(), seam_zones(alpha)), 1.0, 0.12);
}

TEST(Seam, ProminenceOfAKnownStepIsClosedForm) {
  // Columns 30 to 89 are brighter by 0.2. Central differences see 0.1 in the two columns at each border.
  ImageF step(kSide, kSide, 1), alpha(kSide, kSide, 1);
  for (int y = 0; y < kSide; ++y)
    for (int x = kFirst; x < kLast; ++x) step.at(x, y) = 0.2F, alpha.at(x, y) = 1;
  const double flat = 0.5 / 255;
  EXPECT_NEAR(edge_prominence(step, seam_zones(alpha)), (0.1 + flat) / flat, 0.01);
  EXPECT_EQ(edge_prominence(alpha, seam_zones(ImageF(kSide, kSide, 1))), 1.0) << "no mask";
}

}  // namespace
}  // namespace resyncer::eval
