#include "cli/face_choice.h"

#include <gtest/gtest.h>

#include "resyncer/core/error.h"

namespace resyncer::cli {
namespace {

bool is_refused(int index, const std::string& point, const std::string& box) {
  try {
    parse_face_choice({index, point, box});
    return false;
  } catch (const core::Error& error) {
    EXPECT_EQ(error.kind(), core::ErrorKind::usage) << error.what();
    return true;
  }
}

TEST(FaceChoice, NothingGivenChoosesNothing) {
  track::FaceChoice choice = parse_face_choice({-1, "", ""});
  EXPECT_FALSE(choice.index || choice.point || choice.box);
}

TEST(FaceChoice, NumberPointAndBoxAreRead) {
  EXPECT_EQ(parse_face_choice({0, "", ""}).index, 0);
  EXPECT_EQ(*parse_face_choice({-1, "320.5,200", ""}).point, core::Point2(320.5F, 200));
  EXPECT_EQ(*parse_face_choice({-1, "-3,1e2", ""}).point, core::Point2(-3, 100));
  core::Box box = *parse_face_choice({-1, "", "10,20,30,45"}).box;
  EXPECT_EQ(box.left, 10);
  EXPECT_EQ(box.top, 20);
  EXPECT_EQ(box.width(), 20);
  EXPECT_EQ(box.height(), 25);
}

TEST(FaceChoice, OnlyOneOfThemMayBeGiven) {
  EXPECT_TRUE(is_refused(0, "1,2", ""));
  EXPECT_TRUE(is_refused(0, "", "1,2,3,4"));
  EXPECT_TRUE(is_refused(-1, "1,2", "1,2,3,4"));
}

TEST(FaceChoice, BadPointsAreRefused) {
  for (const char* point :
       {"1", "1,2,3", "1,2,", ",1,2", ",", "a,b", "1,2px", "1;2", "nan,1", "1,inf", "1e30,1", "1, "})
    EXPECT_TRUE(is_refused(-1, point, "")) << point;
}

TEST(FaceChoice, BadBoxesAreRefused) {
  for (const char* box :
       {"1,2,3", "1,2,3,4,5", "30,20,10,45", "10,20,10,45", "0,0,1e9,1e9", "nan,nan,nan,nan"})
    EXPECT_TRUE(is_refused(-1, "", box)) << box;
}

}  // namespace
}  // namespace resyncer::cli
