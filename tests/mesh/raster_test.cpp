#include "resyncer/mesh/raster.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "resyncer/mesh/camera.h"

namespace resyncer::mesh {
namespace {

constexpr int kSize = 64;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// A mesh of skin; vertices in px.
struct Sheet {
  FaceModel model;
  Vertices vertices;

  Sheet(const Vertices& v, std::vector<Triangle> triangles) : vertices(v) {
    model.triangles = std::move(triangles);
    model.regions.assign(model.triangles.size(), Region::skin);
  }
  Raster raster(int width = kSize, int height = kSize) const {
    Raster out;
    rasterize(model, vertices, width, height, &out);
    return out;
  }
};

Vertices corners(std::initializer_list<Eigen::Vector3f> points) {
  Vertices v(Eigen::Index(points.size()), 3);
  Eigen::Index i = 0;
  for (const auto& p : points) v.row(i++) = p.transpose();
  return v;
}

int covered(const Raster& raster) {
  int count = 0;
  for (auto t : raster.triangle.data) count += t >= 0;
  return count;
}

// How many triangles cover each pixel, each rasterized alone.
core::ImageI32 layers(const Sheet& sheet) {
  core::ImageI32 count(kSize, kSize, 1);
  for (const Triangle& t : sheet.model.triangles) {
    const Raster one = Sheet(sheet.vertices, {t}).raster();
    for (std::size_t i = 0; i < count.data.size(); ++i) count.data[i] += one.triangle.data[i] >= 0;
  }
  return count;
}

Triangle facing(const Vertices& v, int a, int b, int c) {
  const float area = (v(b, 0) - v(a, 0)) * (v(c, 1) - v(a, 1)) - (v(c, 0) - v(a, 0)) * (v(b, 1) - v(a, 1));
  return area < 0 ? Triangle{a, b, c} : Triangle{a, c, b};
}

TEST(Rasterize, TwoTrianglesOfASquareCoverItsPixelCentresOnce) {
  // Corners and the diagonal go exactly through pixel centres.
  const Vertices v = corners({{10.5F, 10.5F, 0}, {30.5F, 10.5F, 0}, {30.5F, 30.5F, 0}, {10.5F, 30.5F, 0}});
  const Sheet square(v, {facing(v, 0, 1, 2), facing(v, 0, 2, 3)});
  const auto count = layers(square);
  for (int y = 0; y < kSize; ++y)
    for (int x = 0; x < kSize; ++x)
      ASSERT_EQ(count.at(x, y), x >= 10 && x < 30 && y >= 10 && y < 30) << x << " " << y;
}

TEST(Rasterize, RandomFansCoverEveryPixelOnce) {
  std::mt19937 random(7);
  for (int round = 0; round < 60; ++round) {
    // Vertices on a lattice of a quarter px, so that many centres lie on edges and on vertices.
    const bool lattice = round % 2 == 0;
    auto snap = [&](float f) { return lattice ? std::round(4 * f) / 4 : f; };
    std::uniform_real_distribution<float> part(0, 6.2831853F), size(3, 45);
    const int spokes = 3 + int(random() % 12);
    Vertices v(spokes + 1, 3);
    v.row(0) << snap(20 + size(random) / 2), snap(20 + size(random) / 2), 0;
    std::vector<float> angles;
    for (int i = 0; i < spokes; ++i)
      angles.push_back((float(i) + part(random) / 7) * 6.2831853F / float(spokes));
    std::vector<Triangle> triangles;
    for (int i = 0; i < spokes; ++i) {
      const float radius = size(random);
      v.row(i + 1) << snap(v(0, 0) + radius * std::cos(angles[std::size_t(i)])),
          snap(v(0, 1) + radius * std::sin(angles[std::size_t(i)])), 0;
      triangles.push_back({0, 1 + (i + 1) % spokes, 1 + i});
    }
    const Sheet fan(v, triangles);
    const auto count = layers(fan);
    int total = 0, once = covered(fan.raster());
    for (auto n : count.data) {
      ASSERT_LE(n, 1) << "round " << round;
      total += n;
    }
    EXPECT_EQ(total, once);
    // No hole either: the pixels next to the hub.
    const int x = int(v(0, 0)), y = int(v(0, 1));
    if (spokes > 4 && x < kSize - 1 && y < kSize - 1) {
      EXPECT_EQ(count.at(x, y), 1) << "round " << round;
    }
  }
}

TEST(Rasterize, AGridWithMovedVerticesHasNoHoles) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> shift(-1.4F, 1.4F);
  constexpr int n = 20;
  Vertices v(n * n, 3);
  std::vector<Triangle> triangles;
  for (int y = 0; y < n; ++y)
    for (int x = 0; x < n; ++x) {
      const bool rim = x == 0 || y == 0 || x == n - 1 || y == n - 1;
      v.row(y * n + x) << float(4 * x - 5) + (rim ? 0 : shift(random)),
          float(4 * y - 5) + (rim ? 0 : shift(random)), 0;
      if (x + 1 == n || y + 1 == n) continue;
      const int a = y * n + x;
      triangles.push_back({a, a + n, a + 1});
      triangles.push_back({a + 1, a + n, a + n + 1});
    }
  for (auto count : layers(Sheet(v, triangles)).data) ASSERT_EQ(count, 1);
}

TEST(Rasterize, TrianglesSeenFromBehindAreNotDrawn) {
  const Vertices v = corners({{10, 10, 0}, {40, 10, 0}, {10, 40, 0}});
  EXPECT_GT(covered(Sheet(v, {{0, 2, 1}}).raster()), 400);
  EXPECT_EQ(covered(Sheet(v, {{0, 1, 2}}).raster()), 0);
}

TEST(Rasterize, TheNearerSurfaceWinsWhicheverComesFirst) {
  const Vertices v = corners({{5, 5, 10}, {50, 5, 10}, {5, 50, 10}, {5, 5, 0}, {50, 5, 20}, {5, 50, 0}});
  for (bool swapped : {false, true}) {
    const Triangle flat{0, 2, 1}, slope{3, 5, 4};
    const Raster raster =
        Sheet(v, swapped ? std::vector<Triangle>{slope, flat} : std::vector<Triangle>{flat, slope}).raster();
    const int flat_index = swapped ? 1 : 0;
    EXPECT_EQ(raster.triangle.at(8, 10), 1 - flat_index);
    EXPECT_EQ(raster.triangle.at(38, 10), flat_index);
    EXPECT_NEAR(raster.depth.at(38, 10), 10, 1e-4);
    EXPECT_TRUE(std::isinf(raster.depth.at(60, 60)));
  }
}

TEST(Rasterize, DegenerateHugeAndInvalidVerticesAreLegal) {
  const float inf = std::numeric_limits<float>::infinity();
  const Vertices v = corners({{5, 5, 0},
                              {5, 5, 0},
                              {20, 5, 0},
                              {30, 5, 0},
                              {kNan, 5, 0},
                              {inf, -inf, 0},
                              {3e38F, 1, 0},
                              {9, 9, kNan}});
  for (const Triangle& t :
       {Triangle{0, 1, 2}, {0, 2, 3}, {0, 4, 2}, {5, 0, 2}, {0, 6, 2}, {0, 7, 2}, {0, 0, 0}})
    EXPECT_EQ(covered(Sheet(v, {t}).raster()), 0);
  // Far larger than the picture: covers all of it.
  const Vertices huge = corners({{-9e5F, -9e5F, 0}, {-9e5F, 9e5F, 0}, {9.9e5F, 0, 0}});
  EXPECT_EQ(covered(Sheet(huge, {{0, 1, 2}}).raster()), kSize * kSize);
  EXPECT_EQ(covered(Sheet(huge, {{0, 1, 2}}).raster(0, 0)), 0);
}

TEST(Rasterize, PartsOutsideOfThePictureAreCutOff) {
  const Vertices v = corners({{-20, -20, 0}, {-20, 40, 0}, {40, -20, 0}});
  const Raster small = Sheet(v, {{0, 1, 2}}).raster(), wide = [&] {
    Vertices moved = v;
    moved.col(0).array() += 30;
    moved.col(1).array() += 30;
    return Sheet(moved, {{0, 1, 2}}).raster(100, 100);
  }();
  for (int y = 0; y < kSize; ++y)
    for (int x = 0; x < kSize; ++x)
      ASSERT_EQ(small.triangle.at(x, y), wide.triangle.at(x + 30, y + 30)) << x << " " << y;
}

TEST(Rasterize, ReusedMemoryGivesTheSame) {
  const Vertices v = corners({{5, 5, 0}, {5, 60, 0}, {60, 5, 0}}),
                 w = corners({{9, 9, 5}, {9, 20, 5}, {20, 9, 5}});
  const Sheet first(v, {{0, 1, 2}}), second(w, {{0, 1, 2}});
  Raster reused = first.raster();
  rasterize(second.model, second.vertices, 40, 30, &reused);
  const Raster fresh = second.raster(40, 30);
  EXPECT_EQ(reused.triangle.data, fresh.triangle.data);
  EXPECT_EQ(reused.depth.data, fresh.depth.data);
}

TEST(Interpolate, LinearAttributesComeOutLinear) {
  const Vertices v = corners({{3, 2, 0}, {8, 60, 0}, {61, 20, 0}});
  const Sheet sheet(v, {{0, 1, 2}});
  const Raster raster = sheet.raster();
  Eigen::Matrix<float, Eigen::Dynamic, 2, Eigen::RowMajor> attribute(3, 2);
  for (int i = 0; i < 3; ++i) attribute.row(i) << 2 * v(i, 0) - v(i, 1) + 5, 0.5F * v(i, 1);
  core::ImageF field;
  interpolate(sheet.model, raster, attribute, &field);
  int seen = 0;
  for (int y = 0; y < kSize; ++y)
    for (int x = 0; x < kSize; ++x) {
      if (raster.triangle.at(x, y) < 0) {
        ASSERT_TRUE(std::isnan(field.at(x, y, 0)));
        continue;
      }
      const float px = float(x) + 0.5F, py = float(y) + 0.5F;
      ASSERT_NEAR(field.at(x, y, 0), 2 * px - py + 5, 0.02F);
      ASSERT_NEAR(field.at(x, y, 1), 0.5F * py, 0.01F);
      ++seen;
    }
  EXPECT_GT(seen, 500);
}

TEST(Warp, OutsideAndUncoveredPixelsAreZeroAndInvalid) {
  core::ImageU8 source(4, 3, 3, 255);
  core::ImageF field(5, 1, 2), out, valid;
  field.data = {2.F, 1.F, kNan, 1.F, -0.1F, 1.F, 4.F, 3.F, 1.F, 3.01F};
  warp(source, field, &out, &valid);
  EXPECT_EQ(valid.data, (std::vector<float>{1, 0, 0, 1, 0}));
  for (int x = 0; x < 5; ++x) EXPECT_NEAR(out.at(x, 0, 1), valid.at(x, 0), 1e-6);
  core::ImageU8 point(1, 1, 1, 51);
  field = core::ImageF(1, 1, 2, 0.5F);
  warp(point, field, &out, nullptr);
  EXPECT_NEAR(out.at(0, 0), 0.2, 1e-6);
}

class Face : public testing::Test {
 protected:
  FaceModel model_ = load_face_model(std::string(RESYNCER_SOURCE_DIR) + "/models/face-model.safetensors");

  Vertices seen(float yaw_degrees, const Eigen::VectorXf& expression) const {
    Eigen::Isometry3f pose = Eigen::Isometry3f::Identity();
    pose.linear() =
        Eigen::AngleAxisf(yaw_degrees * 0.01745329F, Eigen::Vector3f::UnitY()).toRotationMatrix() *
        Eigen::Vector3f(1, -1, -1).asDiagonal();
    pose.translation() = Eigen::Vector3f(0, 0, 80);
    const Vertices control =
        control_vertices(model_, Eigen::VectorXf::Zero(model_.identity_count()), expression);
    return dense_vertices(model_, project(control, pose, {80 * 12, 128, 128}));
  }
};

TEST_F(Face, WarpedByItsOwnMeshAPictureComesBack) {
  core::ImageU8 picture(256, 256, 3);
  for (int y = 0; y < 256; ++y)
    for (int x = 0; x < 256; ++x)
      for (int c = 0; c < 3; ++c) picture.at(x, y, c) = std::uint8_t((x * (c + 1) + 2 * y) % 512 / 2);
  const Vertices v = seen(20, 0.5F * model_.wide_open);
  Raster raster;
  rasterize(model_, v, 256, 256, &raster);
  core::ImageF field, out, valid;
  interpolate(model_, raster, v.leftCols<2>(), &field);
  warp(picture, field, &out, &valid);
  int covered_px = 0;
  double error = 0;
  for (int y = 0; y < 256; ++y)
    for (int x = 0; x < 256; ++x) {
      if (raster.triangle.at(x, y) < 0) continue;
      ++covered_px;
      ASSERT_NEAR(field.at(x, y, 0), float(x) + 0.5F, 0.02F);
      ASSERT_NEAR(field.at(x, y, 1), float(y) + 0.5F, 0.02F);
      for (int c = 0; c < 3; ++c) error += std::abs(out.at(x, y, c) - float(picture.at(x, y, c)) / 255);
    }
  EXPECT_GT(covered_px, 15000);
  EXPECT_LT(error / (3 * covered_px), 1.0 / 255);
}

TEST_F(Face, IsShadedBrightInTheMiddleDarkTowardsTheRimBlackInTheMouth) {
  const Vertices v = seen(0, model_.wide_open);
  Raster raster;
  rasterize(model_, v, 256, 256, &raster);
  core::ImageF light;
  shade(model_, v, raster, &light);
  int mouth = 0, skin = 0;
  float brightest = 0;
  for (int y = 0; y < 256; ++y)
    for (int x = 0; x < 256; ++x) {
      const auto t = raster.triangle.at(x, y);
      ASSERT_GE(light.at(x, y), 0);
      ASSERT_LE(light.at(x, y), 1);
      const Region region = t < 0 ? Region::skirt : model_.regions[std::size_t(t)];
      if (region == Region::mouth || region == Region::skirt) {
        ASSERT_EQ(light.at(x, y), 0);
      }
      mouth += region == Region::mouth;
      skin += region == Region::skin;
      brightest = std::max(brightest, light.at(x, y));
    }
  EXPECT_GT(mouth, 200) << "an open mouth shows a hole";
  EXPECT_GT(skin, 10000);
  EXPECT_GT(brightest, 0.9F);
  const auto cheek = [&](int landmark) { return light.at(int(v(landmark, 0)), int(v(landmark, 1) - 20)); };
  EXPECT_GT(brightest, cheek(3) + 0.1F);
  EXPECT_GT(brightest, cheek(13) + 0.1F);
}

TEST_F(Face, ShadingFollowsTheMouth) {
  core::ImageF shut, open;
  Raster raster;
  const Eigen::VectorXf rest = Eigen::VectorXf::Zero(model_.expression_count());
  for (auto* light : {&shut, &open}) {
    const Vertices v = seen(0, light == &open ? model_.wide_open : rest);
    rasterize(model_, v, 256, 256, &raster);
    shade(model_, v, raster, light);
  }
  double change = 0;
  for (std::size_t i = 0; i < shut.data.size(); ++i) change += std::abs(shut.data[i] - open.data[i]);
  EXPECT_GT(change, 500);
}

}  // namespace
}  // namespace resyncer::mesh
