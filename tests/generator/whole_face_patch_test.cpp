// What of a swapped face is painted by whom.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "generator/painted_face.h"

namespace resyncer::generator {
namespace {

// One colour all over the frame, another one all over the patch.
struct Openings : Swap {
  static constexpr float kFrame = 0.8F, kPainted = 0.2F;

  explicit Openings(float open = 0) {
    pose.open = open;
    control = pose_face(pose), target = dense = dense_face(pose);
    paint();
    std::fill(rgb.data.begin(), rgb.data.end(), kFrame);
    std::fill(patch.rgb.data.begin(), patch.rgb.data.end(), kPainted);
  }
  void keep(float mouth) { keep_openings(face_model(), own, target, mouth, kPxPerCm, &scratch, &patch); }
  // How much is the frame's.
  float share(Point2 p) const { return (at(patch.rgb, p) - kPainted) / (kFrame - kPainted); }
  Point2 middle(int first, int count) const {
    Point2 sum(0, 0);
    for (int i = first; i < first + count; ++i) sum += in_patch(target, i) / float(count);
    return sum;
  }
  // Distance of a point from a ring of landmarks, cm.
  float distance(Point2 p, int first, int count) const {
    float least = std::numeric_limits<float>::infinity();
    for (int i = 0; i < count; ++i) {
      const Point2 a = in_patch(target, first + i), b = in_patch(target, first + (i + 1) % count);
      const float t = std::clamp((p - a).dot(b - a) / (b - a).squaredNorm(), 0.F, 1.F);
      least = std::min(least, (a + t * (b - a) - p).norm());
    }
    std::vector<Point2> polygon;
    for (int i = 0; i < count; ++i) polygon.push_back(in_patch(target, first + i));
    return is_inside(polygon, p) ? 0 : least / kPxPerCm;
  }
};

TEST(KeepOpenings, EyeballsAreTheFramesAndNothingElseIs) {
  Openings o(0.7F);
  o.keep(0);
  EXPECT_GT(o.share(o.middle(36, 6)), 0.95F);
  EXPECT_GT(o.share(o.middle(42, 6)), 0.95F);
  for (int y = 0; y < o.patch.rgb.height; ++y)
    for (int x = 0; x < o.patch.rgb.width; ++x) {
      const Point2 p(float(x) + 0.5F, float(y) + 0.5F);
      if (o.distance(p, 36, 6) < 0.12F || o.distance(p, 42, 6) < 0.12F) continue;
      ASSERT_EQ(o.patch.rgb.at(x, y), Openings::kPainted) << x << ' ' << y;
    }
}

TEST(KeepOpenings, TheInsideOfTheMouthIsTheFramesAsFarAsIsSaid) {
  for (const float mouth : {0.F, 0.5F, 1.F}) {
    Openings o(0.7F);
    o.keep(mouth);
    EXPECT_NEAR(o.share(o.middle(60, 8)), mouth, 0.05F);
    EXPECT_EQ(o.share(o.in_patch(o.target, 57)), 0) << mouth;  // the lower lip's edge
    EXPECT_EQ(o.share(o.in_patch(o.target, 30)), 0) << mouth;  // the nose
  }
}

TEST(KeepOpenings, ShutLidsAndWhatIsRoundThemAreTheFrames) {
  Openings o;
  o.own.shut = {1, 0};
  o.keep(0);
  auto beside = [&](int first, int outer) {  // 0.2 cm out of the corner
    const Point2 corner = o.in_patch(o.target, outer), middle = o.middle(first, 6);
    return Point2(corner + 0.2F * kPxPerCm * (corner - middle).normalized());
  };
  EXPECT_GT(o.share(o.middle(36, 6)), 0.95F);
  EXPECT_GT(o.share(beside(36, 36)), 0.3F);
  EXPECT_GT(o.share(o.in_patch(o.target, 37)), 0.8F);  // the lid's edge
  EXPECT_EQ(o.share(beside(42, 45)), 0);               // the other eye is open
  EXPECT_EQ(o.share(o.in_patch(o.target, 30)), 0);
  EXPECT_EQ(o.share(o.in_patch(o.target, 48)), 0);
  Openings half;
  half.own.shut = {0.5F, 0};
  half.keep(0);
  EXPECT_NEAR(half.share(beside(36, 36)), 0.5F * o.share(beside(36, 36)), 0.02F);
}

// The gaze stays in the eye wherever its lids are painted.
TEST(KeepOpenings, ThePupilLiesBetweenThePaintedLids) {
  Openings o;
  const Point2 shift(14, -9);
  o.target.leftCols<2>().rowwise() += shift.transpose();
  mesh::rasterize(
      face_model(),
      [&] {
        mesh::Vertices v = o.target;
        v.col(0).array() -= float(o.patch.roi.left), v.col(1).array() -= float(o.patch.roi.top);
        return v;
      }(),
      o.patch.rgb.width, o.patch.rgb.height, &o.scratch.raster);
  const Point2 pupil = o.middle(36, 6) - shift;  // in the frame
  for (int y = 0; y < o.rgb.height; ++y)
    for (int x = 0; x < o.rgb.width; ++x)
      if ((Point2(float(x) + 0.5F, float(y) + 0.5F) - pupil).norm() < 3)
        for (int c = 0; c < 3; ++c) o.rgb.at(x, y, c) = 0;
  o.keep(0);
  EXPECT_LT(o.at(o.patch.rgb, o.middle(36, 6)), 0.1F);
  EXPECT_GT(o.at(o.patch.rgb, o.middle(42, 6)), 0.7F);  // no pupil was drawn there
}

// What a lender and its mirror see of the face, painted in a frontal frame.
struct Mirror : Swap {
  SkinSeen seen;
  Eigen::VectorXf lent, in_mirror;

  explicit Mirror(float yaw, bool hair = false) {
    lender.dense = dense_face({yaw, 0, 0, kPxPerCm, {160, 170}});
    lender.image = portrait(lender.dense);
    if (hair) lender.image = with_hair(lender.image, lender.dense);
    paint();
    seen = light();
    lent = facing(face_model(), lender);
    in_mirror = facing(face_model(), mirrored(face_model(), lender));
  }
  void show_all() {  // no hair, whatever relight() says
    for (core::ImageF* image : {&seen.own, &seen.painted})
      std::fill(image->data.begin(), image->data.end(), 1.F);
  }
  core::ImageF share() const {
    return share_of_mirror(face_model(), seen, lent, in_mirror, kPxPerCm, scratch, patch);
  }
};

TEST(ShareOfMirror, IsEmptyWhenTheLenderIsSeenFromTheFront) {
  Mirror mirror(0);
  EXPECT_TRUE(mirror.share().empty());
}

TEST(ShareOfMirror, IsWhereTheLenderIsTurnedAway) {
  for (const float yaw : {-75.F, -45.F, 45.F, 75.F}) {
    Mirror mirror(yaw);
    mirror.show_all();
    const core::ImageF share = mirror.share();
    ASSERT_FALSE(share.empty()) << yaw;
    ASSERT_EQ(share.width, mirror.patch.rgb.width);
    const bool right_is_seen = mirror.lent[109] > mirror.lent[110];
    const Point2 away = mirror.in_patch(mirror.dense, right_is_seen ? 110 : 109),
                 near = mirror.in_patch(mirror.dense, right_is_seen ? 109 : 110);
    EXPECT_GT(mirror.at(share, away), 0.8F) << yaw;
    EXPECT_LT(mirror.at(share, near), 0.01F) << yaw;
    for (const float v : share.data) {
      EXPECT_GE(v, -1e-4F);
      EXPECT_LE(v, 1 + 1e-4F);
    }
  }
}

TEST(ShareOfMirror, IsWhereHairHidesThePaintedFace) {
  const Mirror mirror(0, true);
  const core::ImageF share = mirror.share();
  ASSERT_FALSE(share.empty());
  EXPECT_GT(mirror.at(share, mirror.in_patch(mirror.dense, kLock)), 0.9F);
  EXPECT_LT(mirror.at(share, mirror.in_patch(mirror.dense, 108)), 0.05F);
}

TEST(ShareOfMirror, WhatLiesOutsideOfTheMaskIsNoHair) {
  const Mirror mirror(0);
  for (std::size_t i = 0; i < mirror.patch.alpha.data.size(); ++i) {
    if (mirror.patch.alpha.data[i] <= 0) continue;
    ASSERT_GT(mirror.seen.painted.data[i], 0.95F) << mirror.patch.alpha.data[i];
  }
  EXPECT_TRUE(mirror.share().empty());
}

TEST(ShareOfMirror, WhatTheFrameHidesIsNotWorthIt) {
  Mirror mirror(0, true);
  std::fill(mirror.seen.own.data.begin(), mirror.seen.own.data.end(), 0.F);
  EXPECT_TRUE(mirror.share().empty());
}

core::ImageF row_of(std::vector<float> values, int channels = 1) {
  core::ImageF image(int(values.size()) / channels, 1, channels);
  image.data = std::move(values);
  return image;
}

core::Patch gray_patch(float colour, int width) {
  core::Patch patch;
  patch.roi = {0, 0, width, 1};
  patch.rgb = core::ImageF(width, 1, 3, colour);
  patch.alpha = core::ImageF(width, 1, 1, 0.5F);
  return patch;
}

TEST(JoinFaces, LeavesTheFrameWhereHairHides) {
  core::Patch patch = gray_patch(0.3F, 4);
  join_faces({row_of({1, 0, 1, 0.5F}), row_of({1, 1, 0, 0.5F})}, {}, &patch);
  EXPECT_EQ(patch.alpha.data, (std::vector<float>{0.5F, 0, 0, 0.125F}));
  EXPECT_EQ(patch.rgb.data, gray_patch(0.3F, 4).rgb.data);
}

TEST(JoinFaces, MixesByShare) {
  core::Patch patch = gray_patch(0.2F, 5), other = gray_patch(0.6F, 5);
  const core::ImageF share = row_of({0, 1, 0.5F, 1, 0.5F});
  const SkinSeen seen{row_of({1, 1, 1, 0, 1}), row_of({1, 0, 0, 1, 1})},
      others{row_of({1, 1, 1, 1, 1}), row_of({0, 1, 1, 1, 0})};
  join_faces(seen, {&other, &others, &share}, &patch);
  const float colour[] = {0.2F, 0.6F, 0.4F, 0.6F, 0.4F}, alpha[] = {0.5F, 0.5F, 0.25F, 0, 0.25F};
  for (int x = 0; x < 5; ++x) {
    EXPECT_NEAR(patch.alpha.at(x, 0), alpha[x], 1e-6F) << x;
    for (int c = 0; c < 3; ++c) EXPECT_NEAR(patch.rgb.at(x, 0, c), colour[x], 1e-6F) << x;
  }
}

}  // namespace
}  // namespace resyncer::generator
