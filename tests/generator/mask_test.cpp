#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "generator/posed_face.h"

namespace resyncer::generator {
namespace {

using core::Point2;

float distance_to_border(Point2 p, const std::vector<Point2>& polygon) {
  float nearest = std::numeric_limits<float>::max();
  for (std::size_t i = 0; i < polygon.size(); ++i) {
    const Point2 a = polygon[i], along = polygon[(i + 1) % polygon.size()] - a;
    const float t = std::clamp((p - a).dot(along) / along.squaredNorm(), 0.F, 1.F);
    nearest = std::min(nearest, (p - a - t * along).norm());
  }
  return nearest;
}

Point2 at(const mesh::Vertices& v, int i) { return v.row(i).head<2>().transpose(); }

class MaskInPose : public testing::TestWithParam<Pose> {};

TEST_P(MaskInPose, ContainsOldAndNewMouthAndChinAndAllBetweenButNeitherEyesNorNose) {
  const Pose pose = GetParam();
  const std::vector<Point2> polygon = mask_of(pose, 1);  // pose.open is 0
  for (float open : {0.F, 0.3F, 1.F}) {
    Pose other = pose;
    other.open = open;
    const mesh::Vertices v = pose_face(other);
    for (int i = 48; i < 68; ++i)
      EXPECT_TRUE(is_inside(polygon, at(v, i))) << "lip " << i << " open " << open;
    for (int i = 7; i <= 9; ++i)
      EXPECT_TRUE(is_inside(polygon, at(v, i))) << "chin " << i << " open " << open;
    // Half a centimetre of skin under the chin, so that its edge is painted too.
    const Point2 down = (at(v, 8) - at(v, 27)).normalized();
    EXPECT_TRUE(is_inside(polygon, at(v, 8) + 0.5F * pose.px_per_cm * down));
  }
  const mesh::Vertices v = pose_face(pose);
  for (int i = 36; i < 48; ++i) EXPECT_FALSE(is_inside(polygon, at(v, i))) << "eye " << i;
  for (int i = 27; i <= 30; ++i) EXPECT_FALSE(is_inside(polygon, at(v, i))) << "nose " << i;
  EXPECT_FALSE(is_inside(polygon, at(v, 33)));
  for (int i : {0, 1, 2, 14, 15, 16}) EXPECT_FALSE(is_inside(polygon, at(v, i))) << "jaw " << i;
}

INSTANTIATE_TEST_SUITE_P(Poses, MaskInPose,
                         testing::Values(Pose{}, Pose{20, 0, 0}, Pose{-20, 0, 0}, Pose{35, 5, 0},
                                         Pose{-35, -5, 10}, Pose{0, 15, 0}, Pose{0, -15, 0}, Pose{10, 5, 30},
                                         Pose{0, 0, -80}, Pose{0, 0, 170, 40, {900, 500}}));

TEST(Mask, LeavesTheNeckAloneWhenTheJawStaysUp) {
  const mesh::Vertices v = pose_face({});
  const Point2 down = (at(v, 8) - at(v, 27)).normalized(), under_chin = at(v, 8) + 1.2F * 15 * down;
  EXPECT_FALSE(is_inside(mask_of({}), under_chin));
  Pose wide;
  wide.open = 1;
  EXPECT_TRUE(is_inside(mask_of(wide), under_chin));   // where the chin was
  EXPECT_TRUE(is_inside(mask_of({}, 1), under_chin));  // where it will be
}

TEST(Mask, MovesSmoothlyWithThePose) {
  core::ImageF now(300, 300, 1), last(300, 300, 1);
  for (float yaw = -40; yaw <= 40; yaw += 0.5F) {
    fill_mask(mask_of({yaw, 0.3F * yaw, 0}), {0, 0}, 10, &now);
    for (std::size_t i = 0; yaw > -40 && i < now.data.size(); ++i)
      ASSERT_LT(std::abs(now.data[i] - last.data[i]), 0.3F) << yaw;
    std::swap(now, last);
  }
}

TEST(Mask, OfVerticesThatAreNotFiniteIsEmpty) {
  mesh::Vertices v = pose_face({});
  v(8, 0) = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(mask_polygon(v, v, v).empty());
  core::ImageF mask(20, 20, 1, 0.5F);
  fill_mask({}, {0, 0}, 5, &mask);
  for (float value : mask.data) EXPECT_EQ(value, 0);
}

TEST(FillMask, HardEdgeIsThePolygonAtPixelCentres) {
  const auto polygon = mask_of({15, 0, 20});
  const Point2 origin(37.25F, 60.5F);
  core::ImageF mask(180, 200, 1);
  fill_mask(polygon, origin, 0, &mask);
  int inside = 0;
  for (int y = 0; y < mask.height; ++y)
    for (int x = 0; x < mask.width; ++x) {
      const Point2 centre = origin + Point2(float(x) + 0.5F, float(y) + 0.5F);
      if (distance_to_border(centre, polygon) < 1e-3F) continue;
      ASSERT_EQ(mask.at(x, y), is_inside(polygon, centre) ? 1.F : 0.F) << x << " " << y;
      inside += mask.at(x, y) > 0;
    }
  EXPECT_GT(inside, 5000);
}

TEST(FillMask, FeatherIsASmoothStepOfTheDistanceToTheBorder) {
  const auto polygon = mask_of({-25, 10, -10});
  const Point2 origin(20, 30);
  const float feather = 11.5F;
  core::ImageF mask(260, 260, 1);
  fill_mask(polygon, origin, feather, &mask);
  for (int y = 0; y < mask.height; ++y)
    for (int x = 0; x < mask.width; ++x) {
      const Point2 centre = origin + Point2(float(x) + 0.5F, float(y) + 0.5F);
      const float t = std::min(1.F, distance_to_border(centre, polygon) / feather);
      if (t < 1e-3F) continue;
      const float expected = is_inside(polygon, centre) ? t * t * (3 - 2 * t) : 0.F;
      ASSERT_NEAR(mask.at(x, y), expected, 2e-3F) << x << " " << y;
    }
}

TEST(FillMask, AreaDoesNotDependOnResolution) {
  auto area = [](float scale) {
    auto polygon = mask_of({});
    for (auto& p : polygon) p *= scale;
    core::ImageF mask(int(300 * scale), int(300 * scale), 1);
    fill_mask(polygon, {0, 0}, 9 * scale, &mask);
    return std::accumulate(mask.data.begin(), mask.data.end(), 0.0) / double(scale * scale);
  };
  EXPECT_NEAR(area(3) / area(1), 1, 0.005);
}

TEST(FillMask, ClipsPolygonsThatReachFarOutside) {
  core::ImageF mask(16, 16, 1);
  fill_mask({{-1e7F, -1e7F}, {1e7F, -1e7F}, {1e7F, 1e7F}, {-1e7F, 1e7F}}, {0, 0}, 4, &mask);
  for (float value : mask.data) EXPECT_EQ(value, 1);
}

}  // namespace
}  // namespace resyncer::generator
