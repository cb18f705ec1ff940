#include "resyncer/pipeline/moment.h"

#include <gtest/gtest.h>

#include "resyncer/core/error.h"

namespace resyncer::pipeline {
namespace {

TEST(Moment, IsSecondsOrAShare) {
  EXPECT_EQ(parse_moment("12.5").value, 12.5);
  EXPECT_FALSE(parse_moment("12.5").is_share);
  EXPECT_EQ(parse_moment("3s").value, 3);
  EXPECT_EQ(parse_moment("80%").value, 0.8);
  EXPECT_TRUE(parse_moment("80%").is_share);
  for (const char* wrong : {"", "%", "half", "-1", "101%", "1m", "nan", "inf", "80 %"})
    EXPECT_THROW(parse_moment(wrong), core::Error) << wrong;
}

TEST(Moment, StretchesAreHalfOpenAndCountFromTheFirstFrame) {
  Analysis analysis;
  analysis.time_base = {1, 10};
  for (int i = 0; i <= 10; ++i) analysis.pts.push_back(50 + i);
  auto inside = [&](const Stretch& stretch) {
    int count = 0;
    for (std::int64_t i = 0; i < analysis.frame_count(); ++i) count += contains(stretch, analysis, i) ? 1 : 0;
    return count;
  };
  EXPECT_EQ(inside({}), 11);
  EXPECT_EQ(inside({parse_moment("80%"), Stretch{}.to}), 3);
  EXPECT_EQ(inside({{}, parse_moment("80%")}), 8);
  EXPECT_EQ(inside({parse_moment("0.2"), parse_moment("0.5")}), 3);
}

}  // namespace
}  // namespace resyncer::pipeline
