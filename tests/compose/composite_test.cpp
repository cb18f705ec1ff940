#include <gtest/gtest.h>

#include "compose/test_picture.h"
#include "resyncer/core/error.h"

namespace resyncer::compose {
namespace {

using media::ColorMatrix;

// Alpha of all kinds in one patch: 0, 1, between, hard edges.
void scribble_alpha(core::Patch* patch, unsigned seed) {
  std::mt19937 random(seed);
  for (float& a : patch->alpha.data) {
    const int kind = int(random() % 4);
    a = kind == 0 ? 0.F : kind == 1 ? 1.F : float(random() % 1000) / 999;
  }
}

TEST(Composite, ThePictureOwnColoursChangeNothing) {
  for (const Format& format : all_formats(23, 17)) {
    SCOPED_TRACE(describe(format));
    TestPicture before(format), after(format);
    before.fill(1);
    after.fill(1);
    Workspace work;
    core::Patch patch = patch_of({3, 1, 20, 17}, 1);
    scribble_alpha(&patch, 2);
    read_rgb(after.picture, patch.roi, &patch.rgb, &work);
    composite(patch, after.picture, nullptr, &work);
    for (int c = 0; c < format.layout.components; ++c)
      for (int y = 0; y < before.height(c); ++y)
        for (int x = 0; x < before.width(c); ++x)
          ASSERT_EQ(after.get(c, x, y), before.get(c, x, y)) << "plane " << c << " at " << x << "," << y;
  }
}

TEST(Composite, ColoursOutsideTheGamutMoveLumaOnlyAsFarAsTheClamp) {
  // Super-white stays where alpha is 0 and never leaves the range.
  TestPicture picture({layout_of(8, 8, 8, 1, 1, false, false, ColorMatrix::bt709), Packing::planar});
  picture.fill(1);
  for (int x = 0; x < 8; ++x) picture.set(0, x, 3, 255);
  Workspace work;
  core::Patch patch = patch_of({0, 0, 8, 8}, 0);
  patch.alpha.at(4, 3) = 1;
  read_rgb(picture.picture, patch.roi, &patch.rgb, &work);
  composite(patch, picture.picture, nullptr, &work);
  EXPECT_EQ(picture.get(0, 3, 3), 255);
  EXPECT_GE(picture.get(0, 4, 3), 220);
}

// Rec. ITU-R BT.601/709/2020 in double, written apart from the code under test.
std::array<int, 3> expected_codes(const media::PixelLayout& l, double r, double g, double b) {
  const int n = l.bit_depth;
  const double top = std::pow(2.0, n) - 1, unit = std::pow(2.0, n - 8);
  auto round = [](double v) { return int(std::floor(v + 0.5)); };
  if (l.matrix == ColorMatrix::rgb) return {round(top * r), round(top * g), round(top * b)};
  double kr = l.matrix == ColorMatrix::bt601 ? 0.299 : l.matrix == ColorMatrix::bt709 ? 0.2126 : 0.2627;
  double kb = l.matrix == ColorMatrix::bt601 ? 0.114 : l.matrix == ColorMatrix::bt709 ? 0.0722 : 0.0593;
  double y = kr * r + (1 - kr - kb) * g + kb * b;
  double cb = (b - y) / (2 - 2 * kb), cr = (r - y) / (2 - 2 * kr);
  if (l.full_range)
    return {round(top * y), std::min(int(top), round(top * cb + 128 * unit)),
            std::min(int(top), round(top * cr + 128 * unit))};
  return {round((219 * y + 16) * unit), round((224 * cb + 128) * unit), round((224 * cr + 128) * unit)};
}

TEST(Composite, ConstantColourGivesTheStandardsCodes) {
  for (const Format& format : all_formats(12, 9)) {
    SCOPED_TRACE(describe(format));
    for (auto rgb : {std::array{1.F, 0.F, 0.F},
                     {0.F, 1.F, 0.F},
                     {0.F, 0.F, 1.F},
                     {1.F, 1.F, 1.F},
                     {0.F, 0.F, 0.F},
                     {0.8F, 0.55F, 0.45F},
                     {0.11F, 0.07F, 0.31F}}) {
      TestPicture picture(format);
      picture.fill(3);
      core::Patch patch = patch_of({0, 0, 12, 9}, 1);
      for (std::size_t i = 0; i < patch.rgb.data.size(); ++i) patch.rgb.data[i] = rgb[i % 3];
      Workspace work;
      composite(patch, picture.picture, nullptr, &work);
      auto expected = expected_codes(format.layout, rgb[0], rgb[1], rgb[2]);
      const int tolerance = format.layout.bit_depth > 12 ? 1 : 0;  // float against double
      for (int c = 0; c < format.layout.components; ++c)
        for (int y = 0; y < picture.height(c); ++y)
          for (int x = 0; x < picture.width(c); ++x)
            ASSERT_NEAR(picture.get(c, x, y), expected[c], tolerance) << c << " at " << x << "," << y;
    }
  }
}

TEST(Composite, KnownCodesOfPrimaries) {
  auto codes = [](ColorMatrix matrix, int depth, std::array<float, 3> rgb) {
    TestPicture picture({layout_of(4, 4, depth, 1, 1, false, false, matrix), Packing::planar});
    picture.fill(3);
    core::Patch patch = patch_of({0, 0, 4, 4}, 1);
    for (std::size_t i = 0; i < patch.rgb.data.size(); ++i) patch.rgb.data[i] = rgb[i % 3];
    Workspace work;
    composite(patch, picture.picture, nullptr, &work);
    return std::array{picture.get(0, 1, 1), picture.get(1, 1, 1), picture.get(2, 1, 1)};
  };
  EXPECT_EQ(codes(ColorMatrix::bt601, 8, {1, 0, 0}), (std::array{81, 90, 240}));
  EXPECT_EQ(codes(ColorMatrix::bt601, 8, {0, 0, 1}), (std::array{41, 240, 110}));
  EXPECT_EQ(codes(ColorMatrix::bt709, 8, {1, 0, 0}), (std::array{63, 102, 240}));
  EXPECT_EQ(codes(ColorMatrix::bt709, 8, {0, 1, 0}), (std::array{173, 42, 26}));
  EXPECT_EQ(codes(ColorMatrix::bt2020, 10, {1, 0, 0}), (std::array{294, 387, 960}));
}

// Random sizes, formats, regions (odd starts, partly outside the frame) and masks.
TEST(Composite, SamplesOfTheMaskAloneChangeAndAllFormatsAgree) {
  std::mt19937 random(11);
  for (int round = 0; round < 400; ++round) {
    const int width = 1 + int(random() % 20), height = 1 + int(random() % 20);
    const auto formats = all_formats(width, height);
    const Format& format = formats[random() % formats.size()];
    auto pick = [&](int size) { return int(random() % unsigned(size + 7)) - 3; };
    core::Box roi{pick(width), pick(height), 0, 0};
    roi.right = roi.left + 1 + int(random() % 12);
    roi.bottom = roi.top + 1 + int(random() % 12);
    SCOPED_TRACE(describe(format) + " roi " + std::to_string(roi.left) + " " + std::to_string(roi.top) + " " +
                 std::to_string(roi.right) + " " + std::to_string(roi.bottom));
    TestPicture before(format), after(format);
    before.fill(unsigned(round));
    after.fill(unsigned(round));
    core::Patch patch = patch_of(roi, 0);
    for (float& v : patch.rgb.data) v = float(random() % 3) * 0.5F;
    for (float& a : patch.alpha.data) a = random() % 3 == 0 ? float(random() % 1000) / 999 : 0.F;
    Workspace work;
    core::ImageU8 mask;
    composite(patch, after.picture, &mask, &work);
    ASSERT_EQ(mask.width, width);
    ASSERT_EQ(mask.height, height);
    auto alpha = [&](int x, int y) {
      bool in = x >= roi.left && y >= roi.top && x < roi.right && y < roi.bottom;
      return in ? patch.alpha.at(x - roi.left, y - roi.top) : 0.F;
    };
    for (int c = 0; c < format.layout.components; ++c) {
      const int sx = c > 0 ? format.layout.chroma_shift_x : 0, sy = c > 0 ? format.layout.chroma_shift_y : 0;
      for (int y = 0; y < before.height(c); ++y) {
        for (int x = 0; x < before.width(c); ++x) {
          float reach = 0;  // alpha over the sample's footprint
          const int margin = sx == 1 && !format.layout.chroma_centered ? 1 : 0;
          for (int v = y << sy; v < std::min(height, (y + 1) << sy); ++v)
            for (int u = (x << sx) - margin; u < std::min(width, margin > 0 ? 2 * x + 2 : (x + 1) << sx); ++u)
              reach += alpha(u, v);
          const bool changed = before.get(c, x, y) != after.get(c, x, y);
          if (!(reach > 0)) {
            ASSERT_FALSE(changed) << c << " at " << x << "," << y;
          }
          if (changed) {
            for (int v = y << sy; v < std::min(height, (y + 1) << sy); ++v)
              for (int u = x << sx; u < std::min(width, (x + 1) << sx); ++u) ASSERT_GT(mask.at(u, v), 0);
          }
          ASSERT_LE(after.get(c, x, y), (1 << format.layout.bit_depth) - 1);
          if (c == 0 && alpha(x, y) > 0) {
            ASSERT_GT(mask.at(x, y), 0);
          }
        }
      }
    }
    // Where no alpha is near, the mask is 0; row padding is never written.
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        float near = 0;
        for (int v = y - 3; v <= y + 3; ++v)
          for (int u = x - 3; u <= x + 3; ++u)
            near += u >= 0 && v >= 0 && u < width && v < height ? alpha(u, v) : 0.F;
        if (near == 0) {
          ASSERT_EQ(mask.at(x, y), 0);
        }
      }
    }
    for (int c = 0; c < 3; ++c) {
      if (before.memory[c].empty()) continue;
      const std::ptrdiff_t stride = after.picture.planes[c].stride;
      for (std::size_t row = std::size_t(stride); row <= after.memory[c].size(); row += std::size_t(stride))
        for (std::size_t k = row - 6; k < row; ++k) ASSERT_EQ(after.memory[c][k], std::byte{0xA5});
    }
  }
}

TEST(Composite, MaskTellsTheChromaBlockOfALonelyPixel) {
  TestPicture picture({layout_of(8, 8, 8, 1, 1, false, true, ColorMatrix::bt709), Packing::planar});
  picture.fill(5);
  core::Patch patch = patch_of({3, 3, 4, 4}, 1);
  core::ImageU8 mask;
  Workspace work;
  composite(patch, picture.picture, &mask, &work);
  for (int y = 0; y < 8; ++y)
    for (int x = 0; x < 8; ++x) EXPECT_EQ(mask.at(x, y) > 0, x / 2 == 1 && y / 2 == 1) << x << "," << y;
  EXPECT_EQ(mask.at(3, 3), 255);
  composite(patch_of({0, 0, 8, 8}, 0), picture.picture, &mask, &work);
  EXPECT_EQ(*std::max_element(mask.data.begin(), mask.data.end()), 0);
}

TEST(Composite, AlphaOneLeavesNothingOfTheOldPicture) {
  for (const Format& format : all_formats(13, 10)) {
    SCOPED_TRACE(describe(format));
    TestPicture one(format), other(format);
    one.fill(1);
    other.fill(2);
    core::Patch patch = patch_of({0, 0, 13, 10}, 1);
    std::mt19937 random(3);
    for (float& v : patch.rgb.data) v = 0.3F + 0.4F * float(random() % 1000) / 999;
    Workspace work;
    composite(patch, one.picture, nullptr, &work);
    composite(patch, other.picture, nullptr, &work);
    for (int c = 0; c < format.layout.components; ++c)
      for (int y = 0; y < one.height(c); ++y)
        for (int x = 0; x < one.width(c); ++x)
          ASSERT_NEAR(one.get(c, x, y), other.get(c, x, y), 1) << c << " at " << x << "," << y;
  }
}

TEST(Composite, BlendIsTheRoundedMixOfCodes) {
  TestPicture picture({layout_of(6, 6, 8, 0, 0, true, false, ColorMatrix::rgb), Packing::packed});
  for (int a = 0; a <= 255; ++a) {
    for (int c = 0; c < 3; ++c)
      for (int y = 0; y < 6; ++y)
        for (int x = 0; x < 6; ++x) picture.set(c, x, y, 40);
    core::Patch patch = patch_of({1, 1, 2, 2}, float(a) / 255);
    std::fill(patch.rgb.data.begin(), patch.rgb.data.end(), 1.F);
    Workspace work;
    composite(patch, picture.picture, nullptr, &work);
    EXPECT_EQ(picture.get(0, 1, 1), int(std::floor(40 + a / 255.0 * 215 + 0.5)));
  }
}

TEST(Composite, PatchColoursOutsideTheMaskDoNotBleedIntoChroma) {
  // Left half alpha 1 in the frame's own gray, right half alpha 0 in screaming red.
  for (bool centered : {false, true}) {
    TestPicture picture({layout_of(32, 8, 8, 1, 1, false, centered, ColorMatrix::bt709), Packing::planar});
    for (int c = 0; c < 3; ++c)
      for (int y = 0; y < picture.height(c); ++y)
        for (int x = 0; x < picture.width(c); ++x) picture.set(c, x, y, 128);
    Workspace work;
    core::Patch patch = patch_of({0, 0, 32, 8}, 1);
    read_rgb(picture.picture, patch.roi, &patch.rgb, &work);
    for (int y = 0; y < 8; ++y) {
      for (int x = 15; x < 32; ++x) {
        patch.alpha.at(x, y) = 0;
        patch.rgb.at(x, y, 0) = 1, patch.rgb.at(x, y, 1) = 0, patch.rgb.at(x, y, 2) = 0;
      }
    }
    composite(patch, picture.picture, nullptr, &work);
    for (int c = 0; c < 3; ++c)
      for (int y = 0; y < picture.height(c); ++y)
        for (int x = 0; x < picture.width(c); ++x) ASSERT_EQ(picture.get(c, x, y), 128);
  }
}

TEST(Composite, SitingShiftsChromaByHalfAPixel) {
  // A linear ramp of red-green: the chroma sample has the colour at its own site.
  for (bool centered : {false, true}) {
    TestPicture picture({layout_of(64, 4, 16, 1, 1, true, centered, ColorMatrix::bt601), Packing::planar});
    picture.fill(1);
    core::Patch patch = patch_of({0, 0, 64, 4}, 1);
    for (int y = 0; y < 4; ++y)
      for (int x = 0; x < 64; ++x) patch.rgb.at(x, y, 0) = float(x) / 64, patch.rgb.at(x, y, 1) = 0.5F;
    Workspace work;
    composite(patch, picture.picture, nullptr, &work);
    for (int i = 2; i < 30; ++i) {
      const double r = (2 * i + (centered ? 0.5 : 0)) / 64;
      EXPECT_NEAR(picture.get(2, i, 0), expected_codes(picture.format.layout, r, 0.5, 0.5)[2], 2) << i;
    }
  }
}

TEST(Composite, EightAndTenBitsAgree) {
  for (bool full : {false, true}) {
    TestPicture narrow({layout_of(30, 30, 8, 1, 1, full, false, ColorMatrix::bt709), Packing::planar});
    TestPicture wide({layout_of(30, 30, 10, 1, 1, full, false, ColorMatrix::bt709), Packing::semi_planar});
    narrow.fill(9);
    const double ratio = full ? 1023.0 / 255 : 4;
    for (int c = 0; c < 3; ++c)
      for (int y = 0; y < narrow.height(c); ++y)
        for (int x = 0; x < narrow.width(c); ++x)
          wide.set(c, x, y,
                   int(std::lround(full && c > 0 ? (narrow.get(c, x, y) - 128) * ratio + 512
                                                 : narrow.get(c, x, y) * ratio)));
    core::Patch patch = patch_of({5, 3, 28, 27}, 0);
    std::mt19937 random(4);
    for (float& v : patch.rgb.data) v = float(random() % 1000) / 999;
    feather(&patch, 6);
    Workspace work;
    composite(patch, narrow.picture, nullptr, &work);
    composite(patch, wide.picture, nullptr, &work);
    for (int c = 0; c < 3; ++c)
      for (int y = 0; y < narrow.height(c); ++y)
        for (int x = 0; x < narrow.width(c); ++x) {
          double value = full && c > 0 ? (wide.get(c, x, y) - 512) / ratio + 128 : wide.get(c, x, y) / ratio;
          ASSERT_NEAR(value, narrow.get(c, x, y), 0.9);
        }
  }
}

TEST(Composite, NotANumberIsHarmless) {
  TestPicture picture({layout_of(9, 9, 8, 1, 1, false, false, ColorMatrix::bt709), Packing::planar});
  picture.fill(1);
  core::Patch patch = patch_of({0, 0, 9, 9}, std::nanf(""));
  std::fill(patch.rgb.data.begin(), patch.rgb.data.end(), std::nanf(""));
  const auto luma = picture.memory[0], cb = picture.memory[1];
  Workspace work;
  match_colour(picture.picture, {}, &patch, &work);
  composite(patch, picture.picture, nullptr, &work);
  EXPECT_EQ(picture.memory[0], luma);
  EXPECT_EQ(picture.memory[1], cb);
}

TEST(Composite, WrongSizesAreRefused) {
  TestPicture picture({layout_of(9, 9, 8, 1, 1, false, false, ColorMatrix::bt709), Packing::planar});
  core::Patch patch = patch_of({0, 0, 9, 9}, 1);
  patch.roi.right = 8;
  Workspace work;
  EXPECT_THROW(composite(patch, picture.picture, nullptr, &work), core::Error);
  core::ImageF out;
  EXPECT_THROW(read_rgb(picture.picture, {0, 0, 10, 9}, &out, &work), core::Error);
}

}  // namespace
}  // namespace resyncer::compose
