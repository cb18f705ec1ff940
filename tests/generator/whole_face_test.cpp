#include "resyncer/generator/whole_face.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "generator/convex_hull.h"
#include "generator/posed_face.h"
#include "resyncer/generator/patch.h"

namespace resyncer::generator {
namespace {

using core::Point2;

constexpr float kDegree = 0.01745329F;
constexpr float kPxPerCm = 15;
constexpr int kWidth = 320, kHeight = 340;

// Heads at rest, cm.

mesh::Vertices in_mirror(const mesh::Vertices& head) {
  const std::vector<int> mirror = mesh::control_mirror();
  mesh::Vertices out(head.rows(), 3);
  for (Eigen::Index i = 0; i < head.rows(); ++i)
    out.row(i) = head.row(mirror[std::size_t(i)]).cwiseProduct(Eigen::RowVector3f(-1, 1, 1));
  return out;
}

mesh::Vertices head_of(unsigned seed) {
  const mesh::FaceModel& model = face_model();
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Eigen::VectorXf identity(model.identity_count());
  for (float& v : identity) v = normal(random);
  return mesh::control_vertices(model, identity, Eigen::VectorXf::Zero(model.expression_count()));
}

mesh::Vertices symmetric_head(unsigned seed) {
  const mesh::Vertices head = head_of(seed);
  return 0.5F * (head + in_mirror(head));
}

struct Placing {
  float scale = 1, pitch = 0;  // degrees
  Eigen::RowVector3f shift{0, 0, 0};
};

mesh::Vertices placed(const mesh::Vertices& head, const Placing& p) {
  const Eigen::Matrix3f turn =
      Eigen::AngleAxisf(p.pitch * kDegree, Eigen::Vector3f::UnitX()).toRotationMatrix();
  return (p.scale * head * turn.transpose()).rowwise() + p.shift;
}

// The similarity that brings the features of `from` to those of `to`.
Eigen::Matrix4f features_onto(const mesh::Vertices& from, const mesh::Vertices& to) {
  auto features = [](const mesh::Vertices& head) -> Eigen::MatrixXf {
    return head.middleRows(17, 51).transpose();
  };
  return Eigen::umeyama(features(from), features(to));
}

mesh::Vertices moved(const mesh::Vertices& head, const Eigen::Matrix4f& map) {
  const Eigen::Matrix3f linear = map.topLeftCorner<3, 3>();
  return (head * linear.transpose()).rowwise() + map.topRightCorner<3, 1>().transpose();
}

float largest(const mesh::Vertices& difference) { return difference.rowwise().norm().maxCoeff(); }

TEST(SwappedFace, OfAFaceWithItselfIsThatFace) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    const mesh::Vertices head = symmetric_head(seed);
    EXPECT_LT(largest(swapped_face(face_model(), head, head) - head), 1e-3F);
  }
}

TEST(SwappedFace, KeepsTheOutlineAndTakesTheFeatures) {
  const mesh::Vertices own = head_of(1), other = symmetric_head(2);
  const mesh::Vertices face =
      swapped_face(face_model(), own, placed(other, {1.2F, 8, Eigen::RowVector3f(3, -5, 2)}));
  EXPECT_LT(largest(face.topRows<17>() - own.topRows<17>()), 1e-4F);
  auto misfit = [&](const mesh::Vertices& head) {
    return largest((moved(head, features_onto(head, face)) - face).middleRows<51>(17));
  };
  EXPECT_LT(misfit(other), 1e-3F);
  EXPECT_GT(misfit(own), 0.1F);
  EXPECT_TRUE(face.allFinite());
}

TEST(SwappedFace, SizePlaceAndPitchOfTheOtherDoNotMatter) {
  const mesh::Vertices own = head_of(1), other = symmetric_head(2);
  const mesh::Vertices face = swapped_face(face_model(), own, other);
  for (const Placing& p : {Placing{1.2F, 0, {0, 0, 0}}, Placing{1, 12, {0, 0, 0}}, Placing{1, -12, {0, 0, 0}},
                           Placing{1, 0, {4, -3, 9}}})
    EXPECT_LT(largest(swapped_face(face_model(), own, placed(other, p)) - face), 1e-2F);
}

// Both faces lie on one another as well as size, place and pitch allow.
TEST(SwappedFace, LiesWhereTheOwnFaceIs) {
  const mesh::Vertices own = symmetric_head(1), other = symmetric_head(2);
  const mesh::Vertices face =
      swapped_face(face_model(), own, placed(other, {0.8F, -6, Eigen::RowVector3f(0, 7, 1)}));
  const mesh::Vertices lies = moved(other, features_onto(other, face));
  const Eigen::RowVector3f middle = lies.topRows<68>().colwise().mean();
  auto miss = [&](const Placing& nudge) {
    const mesh::Vertices centred = lies.rowwise() - middle;
    return ((placed(centred, nudge).rowwise() + middle) - own).topRows<68>().squaredNorm();
  };
  const float least = miss({});
  for (const Placing& nudge :
       {Placing{1.02F}, Placing{0.98F}, Placing{1, 1}, Placing{1, -1}, Placing{1, 0, {0, 0.1F, 0}},
        Placing{1, 0, {0, -0.1F, 0}}, Placing{1, 0, {0, 0, 0.1F}}, Placing{1, 0, {0, 0, -0.1F}}})
    EXPECT_GT(miss(nudge), least);
}

TEST(SwappedFace, AsymmetryOfTheOtherIsTakenOff) {
  const mesh::Vertices own = symmetric_head(1);
  mesh::Vertices other = symmetric_head(2);
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  for (float& v : other.reshaped()) v += 0.3F * normal(random);
  ASSERT_GT(largest(in_mirror(other) - other), 0.5F);
  const mesh::Vertices face = swapped_face(face_model(), own, other);
  EXPECT_LT(largest(in_mirror(face) - face), 1e-3F);
  EXPECT_LT(largest(swapped_face(face_model(), own, in_mirror(other)) - face), 1e-3F);
}

// The own face may be as crooked as it is: that is its outline.
TEST(SwappedFace, AsymmetryOfTheOwnOutlineStays) {
  mesh::Vertices own = symmetric_head(1);
  own.row(3).x() -= 0.4F;
  const mesh::Vertices face = swapped_face(face_model(), own, symmetric_head(2));
  EXPECT_LT((face.row(3) - own.row(3)).norm(), 1e-4F);
  EXPECT_LT((face.row(13) - own.row(13)).norm(), 1e-4F);
}

TEST(WholeFacePolygon, HoldsTheFeaturesAndLiesInsideTheOutline) {
  for (const Pose& pose : {Pose{}, Pose{20, 0, 0}, Pose{-20, 8, 15}, Pose{0, -12, -30, 40, {900, 300}}}) {
    const mesh::Vertices control = pose_face(pose);
    auto at = [&](int i) -> Point2 { return control.row(i).head<2>(); };
    const std::vector<Point2> polygon = whole_face_polygon(control);
    ASSERT_GE(polygon.size(), 8U);
    EXPECT_EQ(convex_hull(polygon).size(), polygon.size());
    for (int i = 3; i <= 13; ++i) EXPECT_FALSE(is_inside(polygon, at(i))) << i << ' ' << pose.yaw;
    for (int i = 27; i < 68; ++i) EXPECT_TRUE(is_inside(polygon, at(i))) << i << ' ' << pose.yaw;
    for (int i : {20, 21, 22, 23, 87}) EXPECT_TRUE(is_inside(polygon, at(i))) << i << ' ' << pose.yaw;
    std::vector<Point2> outline;
    for (int i = 0; i <= 16; ++i) outline.push_back(at(i));
    for (int i : {85, 91, 92, 93, 94, 99, 100}) outline.push_back(at(i));  // forehead and temples
    outline = convex_hull(outline);
    for (const Point2& p : polygon) EXPECT_TRUE(is_inside(outline, p)) << p.transpose() << ' ' << pose.yaw;
  }
}

TEST(WholeFacePolygon, ReachesFromForeheadToChin) {
  const mesh::Vertices control = pose_face({});
  float top = control(8, 1), bottom = control(27, 1);
  for (const Point2& p : whole_face_polygon(control))
    top = std::min(top, p.y()), bottom = std::max(bottom, p.y());
  EXPECT_GT(control(8, 1) - bottom, 0);
  EXPECT_LT(control(8, 1) - bottom, kPxPerCm);
  EXPECT_LT(top, control(19, 1) - kPxPerCm);  // well above the brows
}

TEST(WholeFacePolygon, GoesWithTheFace) {
  const std::vector<Point2> polygon = whole_face_polygon(pose_face({10, 0, 0, 15, {150, 150}})),
                            large = whole_face_polygon(2 * pose_face({10, 0, 0, 15, {150, 150}}));
  ASSERT_EQ(polygon.size(), large.size());
  for (std::size_t i = 0; i < polygon.size(); ++i) EXPECT_LT((2 * polygon[i] - large[i]).norm(), 1e-2F);
}

TEST(WholeFacePolygon, IsEmptyWithoutNumbers) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    mesh::Vertices control = pose_face({});
    control(8, 1) = bad;
    EXPECT_TRUE(whole_face_polygon(control).empty());
  }
}

Reference posed_reference(const Pose& pose) {
  return {smooth_picture(kWidth, kHeight, 31), dense_face(pose)};
}

TEST(Mirrored, TwiceIsTheOriginal) {
  const Reference original = posed_reference({25, 5, 10});
  const Reference twice = mirrored(face_model(), mirrored(face_model(), original));
  EXPECT_EQ(twice.image.data, original.image.data);
  EXPECT_LT(largest(twice.dense - original.dense), 1e-2F);
}

TEST(Mirrored, PictureAndMeshFitEachOther) {
  const Reference original = posed_reference({25, 5, 10});
  const Reference mirror = mirrored(face_model(), original);
  ASSERT_EQ(mirror.image.width, kWidth);
  ASSERT_EQ(mirror.image.height, kHeight);
  EXPECT_NE(mirror.image.data, original.image.data);
  const std::vector<int> opposite = mesh::control_mirror();
  for (std::size_t i = 0; i < opposite.size(); ++i) {
    const Eigen::RowVector3f from = original.dense.row(opposite[i]), to = mirror.dense.row(Eigen::Index(i));
    if (from.x() < 0 || from.y() < 0 || from.x() >= kWidth || from.y() >= kHeight) continue;
    for (int c = 0; c < 3; ++c)
      EXPECT_NEAR(mirror.image.at(int(to.x()), int(to.y()), c),
                  original.image.at(int(from.x()), int(from.y()), c), 24)  // a pixel's width at most
          << i;
  }
}

// The mean face is as good as symmetric: turned to one side, it is in the mirror what it is turned to the
// other.
TEST(Mirrored, IsTheFaceTurnedTheOtherWay) {
  const Pose pose{25, 5, 10, kPxPerCm, {140, 160}}, other{-25, 5, -10, kPxPerCm, {kWidth - 140, 160}};
  const Reference mirror = mirrored(face_model(), posed_reference(pose));
  const mesh::Vertices wanted = dense_face(other);
  EXPECT_LT(largest(mirror.dense - wanted), 0.1F * kPxPerCm);
  EXPECT_GT(largest(dense_face(pose) - wanted), kPxPerCm);
}

float mean_of(const Eigen::VectorXf& values, std::initializer_list<int> at) {
  float sum = 0;
  for (int i : at) sum += values[i] / float(at.size());
  return sum;
}

TEST(Facing, IsMoreOnTheSideThatIsTurnedToTheViewer) {
  for (const float yaw : {-35.F, 35.F}) {
    const Reference reference = posed_reference({yaw, 0, 0});
    const Eigen::VectorXf seen = facing(face_model(), reference);
    ASSERT_EQ(seen.size(), reference.dense.rows());
    EXPECT_GE(seen.minCoeff(), 0);
    EXPECT_LE(seen.maxCoeff(), 1.001F);
    // Cheeks; the nearer one is the broader one.
    const float right = mean_of(seen, {105, 107, 109}), left = mean_of(seen, {106, 108, 110});
    const auto x = [&](int i) { return reference.dense(i, 0); };
    if (x(30) - x(2) > x(14) - x(30))
      EXPECT_GT(right, left + 0.2F) << yaw;
    else
      EXPECT_GT(left, right + 0.2F) << yaw;
    const Eigen::VectorXf there = facing(face_model(), mirrored(face_model(), reference));
    EXPECT_NEAR(mean_of(there, {105, 107, 109}), left, 0.02F);
    EXPECT_NEAR(mean_of(there, {106, 108, 110}), right, 0.02F);
  }
  const Eigen::VectorXf frontal = facing(face_model(), posed_reference({}));
  EXPECT_GT(mean_of(frontal, {86, 87}), 0.8F);  // forehead and glabella
  EXPECT_NEAR(mean_of(frontal, {105, 107, 109}), mean_of(frontal, {106, 108, 110}), 0.05F);
}

// Vertices all of whose triangles are seen from behind.
std::vector<bool> turned_away(const mesh::Vertices& dense) {
  std::vector<bool> away(std::size_t(dense.rows()), true);
  for (const mesh::Triangle& t : face_model().triangles) {
    const Eigen::RowVector2f a = (dense.row(t[1]) - dense.row(t[0])).head<2>(),
                             b = (dense.row(t[2]) - dense.row(t[0])).head<2>();
    if (a.x() * b.y() - a.y() * b.x() > 0) continue;  // y down: counter-clockwise from outside
    for (int i : t) away[std::size_t(i)] = false;
  }
  return away;
}

TEST(Facing, WhatIsTurnedAwayIsNotSeen) {
  for (const float yaw : {-80.F, 80.F}) {
    const Reference reference = posed_reference({yaw, 0, 0});
    const Eigen::VectorXf seen = facing(face_model(), reference);
    const std::vector<bool> away = turned_away(reference.dense);
    int count = 0;
    float most = 0;
    for (std::size_t i = 0; i < away.size(); ++i)
      if (away[i]) ++count, most = std::max(most, seen[Eigen::Index(i)]);
    ASSERT_GT(count, 20);
    EXPECT_LT(most, 0.05F) << yaw;
  }
}

TEST(TrustingPainting, WeightsFollowTheTrustAndSumToOne) {
  std::vector<float> trust(kLenders, 0.F);
  for (std::size_t i = 0; i < trust.size(); ++i) trust[i] = 0.1F + float(i % 3);
  const Painting painting = trusting_painting(trust);
  ASSERT_EQ(painting.weights.channels, kReferences);
  ASSERT_EQ(painting.residual.channels, 3);
  std::vector<float> slots(kReferences, 0.F);
  float all = 0;
  for (std::size_t i = 0; i < trust.size(); ++i)
    slots[std::size_t(slot_of(int(i)))] += trust[i], all += trust[i];
  for (int y = 0; y < painting.weights.height; ++y)
    for (int x = 0; x < painting.weights.width; ++x) {
      float sum = 0;
      for (int k = 0; k < kReferences; ++k) {
        sum += painting.weights.at(x, y, k);
        EXPECT_NEAR(painting.weights.at(x, y, k), slots[std::size_t(k)] / all, 1e-5F);
      }
      EXPECT_NEAR(sum, 1, 1e-5F);
    }
  for (const float v : painting.residual.data) EXPECT_EQ(v, 0);
  // Of nobody trusted each counts alike.
  for (const float v : trusting_painting(std::vector<float>(kReferences, 0.F)).weights.data)
    EXPECT_NEAR(v, 1.F / kReferences, 1e-6F);
}

}  // namespace
}  // namespace resyncer::generator
