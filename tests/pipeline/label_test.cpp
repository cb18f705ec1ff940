#include "pipeline/label.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "resyncer/core/error.h"

namespace resyncer::pipeline {
namespace {

// The label as a viewer sees it, for a picture stored with this rotation and shape of pixels.
struct Seen {
  core::Box box;  // upright px
  core::ImageF ink;
};

Seen see(const std::string& text, int width, int height, int rotation, double aspect = 1) {
  const core::Affine2 map = media::upright_from_stored(width, height, rotation, aspect);
  const core::Patch patch = label_patch(text, width, height, map);
  const core::Point2 a = map * core::Point2(float(patch.roi.left), float(patch.roi.top)),
                     b = map * core::Point2(float(patch.roi.right), float(patch.roi.bottom));
  auto round = [](float v) { return int(std::lround(v)); };
  Seen seen;
  seen.box = {round(std::min(a.x(), b.x())), round(std::min(a.y(), b.y())), round(std::max(a.x(), b.x())),
              round(std::max(a.y(), b.y()))};
  seen.ink = core::ImageF(seen.box.width(), seen.box.height(), 1);
  for (int y = 0; y < seen.ink.height; ++y)
    for (int x = 0; x < seen.ink.width; ++x) {
      const core::Point2 at =
          map.inverse() * core::Point2(float(seen.box.left + x) + 0.5F, float(seen.box.top + y) + 0.5F);
      seen.ink.at(x, y) = patch.rgb.at(int(at.x()) - patch.roi.left, int(at.y()) - patch.roi.top);
    }
  return seen;
}

core::ErrorKind refusal(const std::string& text, int width = 1280, int height = 720) {
  try {
    label_patch(text, width, height, core::Affine2::Identity());
  } catch (const core::Error& error) {
    return error.kind();
  }
  return core::ErrorKind::internal;
}

TEST(Label, NoTextNoLabel) { EXPECT_TRUE(label_patch("", 640, 360, core::Affine2::Identity()).roi.empty()); }

TEST(Label, StandsAtTheLowerLeftInsideTheSafeArea) {
  for (int rotation : {0, 90, 180, 270}) {
    const int width = rotation % 180 == 0 ? 640 : 360, height = 1000 - width;
    const Seen seen = see("AI altered", width, height, rotation);
    EXPECT_EQ(seen.box.left, 32) << rotation;
    EXPECT_EQ(seen.box.bottom, 342) << rotation;
    EXPECT_LT(seen.box.height(), 360 / 12);
    EXPECT_LT(seen.box.right, 640 / 2);
  }
}

TEST(Label, IsTheSameForTheViewerHoweverThePictureIsStored) {
  const Seen upright = see("AI altered", 640, 360, 0);
  for (int rotation : {90, 180, 270}) {
    const int width = rotation % 180 == 0 ? 640 : 360, height = 1000 - width;
    const Seen turned = see("AI altered", width, height, rotation);
    ASSERT_EQ(turned.ink.data.size(), upright.ink.data.size());
    EXPECT_EQ(turned.ink.width, upright.ink.width);
    EXPECT_TRUE(turned.ink.data == upright.ink.data) << rotation;
  }
  const Seen wide = see("AI altered", 480, 360, 0, 4.0 / 3);  // shown 640 wide
  EXPECT_NEAR(wide.box.left, upright.box.left, 1);
  EXPECT_NEAR(wide.box.right, upright.box.right, 2);
  EXPECT_EQ(wide.box.bottom, upright.box.bottom);
}

TEST(Label, GrowsWithThePictureAndShrinksToFit) {
  const Seen small = see("AI altered", 640, 360, 0), large = see("AI altered", 1920, 1080, 0);
  EXPECT_NEAR(large.box.height(), 3 * small.box.height(), 6);
  const Seen narrow = see("The mouth of this person was altered by a machine", 360, 640, 0);
  EXPECT_LE(narrow.box.right, 342);
  EXPECT_GT(narrow.box.width(), 250) << "as large as fits";
}

TEST(Label, IsLegibleOnAnyGround) {
  const core::Patch patch = label_patch("AI", 1280, 720, core::Affine2::Identity());
  auto blended = [&](float ground) {
    std::vector<float> values;
    for (std::size_t i = 0; i < patch.alpha.data.size(); ++i)
      values.push_back(ground + patch.alpha.data[i] * (patch.rgb.data[3 * i] - ground));
    return values;
  };
  for (float ground : {0.F, 0.5F, 1.F}) {
    const auto values = blended(ground);
    const auto [darkest, brightest] = std::minmax_element(values.begin(), values.end());
    EXPECT_GT(*brightest - *darkest, 0.5F) << ground;
    const auto letters = std::count_if(values.begin(), values.end(), [](float v) { return v > 0.8F; });
    EXPECT_GT(double(letters) / double(values.size()), 0.05) << ground;
    EXPECT_LT(double(letters) / double(values.size()), 0.5) << ground;
  }
}

TEST(Label, LettersBeyondAsciiAreDrawn) {
  const Seen plain = see("Uber", 640, 360, 0),
             umlaut =
                 see("\xC3\x9C"
                     "ber",
                     640, 360, 0),
             greek = see("\xCE\x91\xCE\xB2\xCE\xB3", 640, 360, 0);
  EXPECT_GT(umlaut.box.height(), plain.box.height()) << "two dots above";
  EXPECT_NEAR(umlaut.box.width(), plain.box.width(), 2) << "one letter, not two";
  EXPECT_GT(*std::max_element(greek.ink.data.begin(), greek.ink.data.end()), 0.8F);
}

TEST(Label, WhatCannotBeShownIsRefused) {
  EXPECT_EQ(refusal("\xFF"), core::ErrorKind::usage);
  EXPECT_EQ(refusal("a\xC3"), core::ErrorKind::usage);
  EXPECT_EQ(refusal("two\nlines"), core::ErrorKind::usage);
  EXPECT_EQ(refusal("\x1B[31m"), core::ErrorKind::usage);
  EXPECT_EQ(refusal("\xF4\x8F\xBF\xBD"), core::ErrorKind::usage) << "a character that no font has";
  EXPECT_EQ(refusal(std::string(500, 'W')), core::ErrorKind::usage);
  EXPECT_EQ(refusal(std::string(100000, 'W')), core::ErrorKind::usage);
  EXPECT_EQ(refusal("AI", 16, 16), core::ErrorKind::usage);
  EXPECT_EQ(refusal("AI", 1, 1), core::ErrorKind::usage);
}

}  // namespace
}  // namespace resyncer::pipeline
