#include "resyncer/core/timecode.h"

#include <gtest/gtest.h>

#include <string>

namespace resyncer::core {
namespace {

TEST(Timecode, IsSecondsMinutesOrHours) {
  EXPECT_DOUBLE_EQ(parse_time("12.5").value(), 12.5);
  EXPECT_DOUBLE_EQ(parse_time("0").value(), 0);
  EXPECT_DOUBLE_EQ(parse_time("90").value(), 90);
  EXPECT_DOUBLE_EQ(parse_time("1:02.5").value(), 62.5);
  EXPECT_DOUBLE_EQ(parse_time("00:01:02.500").value(), 62.5);
  EXPECT_DOUBLE_EQ(parse_time("2:00:00").value(), 7200);
  EXPECT_DOUBLE_EQ(parse_time("100:00").value(), 6000);
}

TEST(Timecode, WhatIsNoTimeIsNone) {
  for (const char* text : {"",    ":",    "1:",      ":1",       "-1",
                           "+1",  " 1",   "1 ",      "1.",       ".5",
                           "1,5", "1:60", "1:2:3:4", "1.5:00",   "1e3",
                           "nan", "inf",  "0x10",    "12345678", "1:99999999999999999999"})
    EXPECT_FALSE(parse_time(text).has_value()) << text;
  EXPECT_FALSE(parse_time(std::string_view("1\0002", 3)).has_value());
}

}  // namespace
}  // namespace resyncer::core
