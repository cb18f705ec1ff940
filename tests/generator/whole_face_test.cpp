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

// Faces in pictures.

using Colour = Eigen::Array3f;
constexpr int kLock = 103, kOtherSide = 104;  // cheekbones
const Colour kSkin(0.62F, 0.46F, 0.38F), kHair(0.05F, 0.04F, 0.035F);

// A skin-coloured picture with lips and eyes of the face, and light from the viewer.
core::ImageU8 portrait(const mesh::Vertices& dense) {
  mesh::Raster raster;
  mesh::rasterize(face_model(), dense, kWidth, kHeight, &raster);
  Eigen::Matrix<float, Eigen::Dynamic, 2, Eigen::RowMajor> lit(dense.rows(), 2);
  lit.col(0) = lit.col(1) = facing(face_model(), {core::ImageU8(), dense});
  core::ImageF shading;
  mesh::interpolate(face_model(), raster, lit, &shading);
  auto ring = [&](int first, int count) {
    std::vector<Point2> polygon;
    for (int i = first; i < first + count; ++i) polygon.push_back(dense.row(i).head<2>());
    return polygon;
  };
  const std::vector<Point2> lips = ring(48, 12), right_eye = ring(36, 6), left_eye = ring(42, 6);
  core::ImageU8 image(kWidth, kHeight, 3);
  for (int y = 0; y < kHeight; ++y)
    for (int x = 0; x < kWidth; ++x) {
      const Point2 p(float(x) + 0.5F, float(y) + 0.5F);
      Colour colour = kSkin;
      if (is_inside(lips, p)) colour = Colour(0.55F, 0.25F, 0.25F);
      if (is_inside(right_eye, p) || is_inside(left_eye, p)) colour = Colour(0.3F, 0.3F, 0.3F);
      const float light = raster.triangle.at(x, y) < 0 ? 0.6F : 0.6F + 0.4F * shading.at(x, y, 0);
      const float grain = 1 + 0.01F * std::sin(0.9F * float(x) + 0.3F * float(y));
      for (int c = 0; c < 3; ++c)
        image.at(x, y, c) = std::uint8_t(std::lround(255 * std::min(1.F, colour[c] * light * grain)));
    }
  return image;
}

// Another tone, and brighter by `slope` to the viewer's right.
core::ImageU8 in_other_light(core::ImageU8 image, const Colour& gain, float slope = 0) {
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x)
      for (int c = 0; c < 3; ++c) {
        const float light = std::exp(slope * (float(x) / float(image.width) - 0.5F));
        image.at(x, y, c) =
            std::uint8_t(std::lround(std::min(255.F, float(image.at(x, y, c)) * gain[c] * light)));
      }
  return image;
}

// A lock of hair over the subject's right cheekbone.
core::ImageU8 with_hair(core::ImageU8 image, const mesh::Vertices& dense) {
  const Point2 middle = dense.row(kLock).head<2>();
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x)
      if ((Point2(float(x), float(y)) - middle).cwiseAbs().maxCoeff() < 0.9F * kPxPerCm)
        for (int c = 0; c < 3; ++c) image.at(x, y, c) = std::uint8_t(std::lround(255 * kHair[c]));
  return image;
}

// A frame, and what one lender paints in it.
struct Swap {
  Pose pose{0, 0, 0, kPxPerCm, {160, 170}};
  mesh::Vertices control = pose_face(pose), dense = dense_face(pose);
  mesh::Vertices target = dense;  // of the painted face
  core::ImageU8 frame = portrait(dense);
  Reference lender{frame, dense};
  GuidanceScratch scratch;
  core::Patch patch;
  core::ImageF rgb;  // the frame under the patch
  OwnFace own;

  void paint() {
    const Painting painting = trusting_painting({1, 0, 0, 0});
    PatchInput input;
    input.painting = &painting;
    input.crop_from_frame = core::Affine2(Eigen::Scaling(2 / (kCropWidthCm * kPxPerCm)));
    input.target = &target;
    input.mask = whole_face_polygon(control);
    input.feather = 0.9F * kPxPerCm;
    input.references = {&lender, &lender, &lender, &lender};
    input.frame_width = kWidth;
    input.frame_height = kHeight;
    make_patch(face_model(), input, &scratch, &patch);
    rgb = core::ImageF(patch.roi.width(), patch.roi.height(), 3);
    for (int y = 0; y < rgb.height; ++y)
      for (int x = 0; x < rgb.width; ++x)
        for (int c = 0; c < 3; ++c)
          rgb.at(x, y, c) = float(frame.at(patch.roi.left + x, patch.roi.top + y, c)) / 255;
    own.rgb = &rgb;
    own.dense = &dense;
  }
  SkinSeen light() { return relight(face_model(), own, target, &scratch, &patch); }

  // Mean difference of patch and frame where the patch covers it.
  float difference() const {
    double sum = 0, count = 0;
    for (std::size_t i = 0; i < patch.alpha.data.size(); ++i) {
      if (patch.alpha.data[i] < 0.5F) continue;
      for (std::size_t c = 3 * i; c < 3 * i + 3; ++c)
        sum += double(std::abs(patch.rgb.data[c] - rgb.data[c])), count += 1;
    }
    return float(sum / std::max(count, 1.0));
  }
  Point2 in_patch(const mesh::Vertices& vertices, int i) const {
    return Point2(vertices(i, 0) - float(patch.roi.left), vertices(i, 1) - float(patch.roi.top));
  }
  float at(const core::ImageF& image, Point2 p, int channel = 0) const {
    return image.at(int(p.x()), int(p.y()), channel);
  }
};

TEST(Relight, TakesToneAndLightFromTheFrame) {
  struct Light {
    Colour gain;
    float slope;
  };
  for (const Light& light : {Light{{0.6F, 0.6F, 0.6F}, 0}, Light{{1.2F, 0.9F, 0.7F}, 0},
                             Light{{0.8F, 0.8F, 0.8F}, 0.8F}, Light{{0.7F, 0.9F, 1.1F}, -0.8F}}) {
    Swap swap;
    swap.lender.image = in_other_light(swap.frame, light.gain, light.slope);
    swap.paint();
    const float before = swap.difference();
    ASSERT_GT(before, 0.05F);
    swap.light();
    EXPECT_LT(swap.difference(), 0.015F) << light.gain.transpose() << ' ' << light.slope;
  }
}

TEST(Relight, TakesItFromTheFrameThatHasALightOfItsOwn) {
  Swap swap;
  swap.frame = in_other_light(swap.frame, {0.8F, 0.7F, 0.9F}, 0.9F);
  swap.paint();
  ASSERT_GT(swap.difference(), 0.05F);
  swap.light();
  EXPECT_LT(swap.difference(), 0.015F);
}

TEST(Relight, LeavesWhatHasTheFramesLight) {
  Swap swap;
  swap.paint();
  const core::ImageF before = swap.patch.rgb;
  const SkinSeen seen = swap.light();
  float worst = 0;
  double sum = 0;
  for (std::size_t i = 0; i < before.data.size(); ++i) {
    const float difference = std::abs(before.data[i] - swap.patch.rgb.data[i]);
    worst = std::max(worst, difference), sum += double(difference);
  }
  EXPECT_LT(worst, 0.05F);
  EXPECT_LT(sum / double(before.data.size()), 0.004);
  for (std::size_t i = 0; i < swap.patch.alpha.data.size(); ++i) {
    if (swap.patch.alpha.data[i] < 0.95F) continue;
    ASSERT_GT(seen.own.data[i], 0.95F);
    ASSERT_GT(seen.painted.data[i], 0.95F);
  }
}

TEST(Relight, KeepsTheFeatures) {
  Swap swap;
  swap.lender.image = in_other_light(swap.frame, {0.6F, 0.8F, 0.7F});
  swap.paint();
  swap.light();
  const Point2 lip = swap.in_patch(swap.dense, 57) - Point2(0, 0.2F * kPxPerCm);
  for (int c = 0; c < 3; ++c)
    EXPECT_NEAR(swap.at(swap.patch.rgb, lip, c), swap.at(swap.rgb, lip, c), 0.05F) << c;
}

TEST(Relight, TellsHairFromSkinInEitherPicture) {
  for (const bool in_frame : {true, false}) {
    Swap swap;
    (in_frame ? swap.frame : swap.lender.image) = with_hair(swap.frame, swap.dense);
    swap.paint();
    const SkinSeen seen = swap.light();
    const core::ImageF &hairy = in_frame ? seen.own : seen.painted,
                       &bare = in_frame ? seen.painted : seen.own;
    const Point2 lock = swap.in_patch(swap.dense, kLock), other_side = swap.in_patch(swap.dense, kOtherSide),
                 cheek = swap.in_patch(swap.dense, 108);
    EXPECT_LT(swap.at(hairy, lock), 0.05F) << in_frame;
    EXPECT_GT(swap.at(hairy, other_side), 0.95F) << in_frame;
    EXPECT_GT(swap.at(hairy, cheek), 0.95F) << in_frame;
    EXPECT_GT(swap.at(bare, lock), 0.95F) << in_frame;
    join_faces(seen, {}, &swap.patch);
    EXPECT_LT(swap.at(swap.patch.alpha, lock), 0.05F) << in_frame;
    EXPECT_GT(swap.at(swap.patch.alpha, cheek), 0.5F) << in_frame;
    // Hair spoils the light of neither.
    EXPECT_NEAR(swap.at(swap.patch.rgb, cheek), swap.at(swap.rgb, cheek), 0.03F) << in_frame;
  }
}

TEST(Relight, WithoutSkinNothingChanges) {
  Swap swap;
  swap.lender.image = in_other_light(swap.frame, {0.6F, 0.6F, 0.6F});
  swap.paint();
  std::fill(swap.patch.alpha.data.begin(), swap.patch.alpha.data.end(), 0.F);
  const core::ImageF before = swap.patch.rgb;
  const SkinSeen seen = swap.light();
  EXPECT_EQ(swap.patch.rgb.data, before.data);
  for (const core::ImageF* image : {&seen.own, &seen.painted}) {
    ASSERT_EQ(image->data.size(), swap.patch.alpha.data.size());
    EXPECT_EQ(*std::min_element(image->data.begin(), image->data.end()), 1);
  }
}

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
