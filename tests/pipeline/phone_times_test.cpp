#include "pipeline/phone_times.h"

#include <gtest/gtest.h>

#include <fstream>

#include "resyncer/core/error.h"
#include "support/scratch_folder.h"

namespace resyncer::pipeline {
namespace {

BilabialTimes read(const std::string& text) {
  support::ScratchFolder folder;
  std::ofstream(folder / "phones.json") << text;
  return read_bilabials(folder / "phones.json");
}

TEST(PhoneTimes, OnlyPBAndMShutTheLips) {
  const BilabialTimes times =
      read(R"({"one": [["B", "bin", 0.48, 0.54], ["IH", "bin", 0.54, 0.6], ["M", "m", 1, 1.1]], "two": []})");
  ASSERT_EQ(times.size(), 2U);
  ASSERT_EQ(times.at("one").size(), 2U);
  EXPECT_EQ(times.at("one")[1].start, 1);
  EXPECT_EQ(times.at("two").size(), 0U);
}

TEST(PhoneTimes, WhatIsNoneIsRefused) {
  for (const char* text : {"", "[]", R"({"a": 1})", R"({"a": [1]})", R"({"a": [["B", "bin", 1]]})",
                           R"({"a": [["B", "bin", 1, "2"]]})", R"({"a": [["B", "bin", 2, 1]]})",
                           R"({"a": [["B", "bin", 1, 1e999]]})", R"({"a": [[1, "bin", 1, 2]]})"})
    EXPECT_THROW(read(text), core::Error) << text;
  EXPECT_THROW(read_bilabials("/nonexistent"), core::Error);
}

TEST(PhoneTimes, ARowKnowsItsShareOfShutLips) {
  const std::vector<float> shares = shut_shares({{0.05, 0.12}, {0.13, 0.16}, {-1e9, -1}, {1, 1e9}}, 5);
  const std::vector<float> wanted{0, 0.75F, 1, 0.75F, 0};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(shares[i], wanted[i], 1e-5F) << i;
}

}  // namespace
}  // namespace resyncer::pipeline
