#include "pipeline/phone_times.h"

#include <gtest/gtest.h>

#include <fstream>

#include "resyncer/core/error.h"
#include "resyncer/pipeline/prepare_speech.h"
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
                           R"({"a": [["B", "bin", 1, 1e999]]})", R"({"a": [[1, "bin", 1, 2]]})",
                           R"({"a": [["\u00e9", "bin", 1, 2]]})", R"({"a": [["", "bin", 1, 2]]})"})
    EXPECT_THROW(read(text), core::Error) << text;
  EXPECT_THROW(read_bilabials("/nonexistent"), core::Error);
}

// A frame of 10 ms is what lies at its centre; two classes of a phone share its time.
TEST(PhoneTimes, FramesKnowWhatTheMouthDoes) {
  const auto& names = articulation_classes();
  auto labels = [&](const std::vector<Phone>& phones) {
    std::vector<std::string> out;
    for (std::uint8_t label : articulation_labels(phones, 8)) out.push_back(names[label]);
    return out;
  };
  EXPECT_EQ(labels({{"M", {0.01, 0.03}}, {"AY", {0.03, 0.07}}}),
            (std::vector<std::string>{"silence", "bilabial", "bilabial", "open", "open", "close_spread",
                                      "close_spread", "silence"}));
  EXPECT_EQ(
      labels({{"S", {-1e300, 0.02}}, {"UW", {0.054, 0.056}}, {"M", {0.07, 1e300}}, {"M", {0.01, 0.014}}}),
      (std::vector<std::string>{"sibilant", "sibilant", "silence", "silence", "silence", "close_rounded",
                                "silence", "bilabial"}));
}

TEST(PhoneTimes, ARowKnowsItsShareOfShutLips) {
  const std::vector<float> shares = shut_shares({{0.05, 0.12}, {0.13, 0.16}, {-1e9, -1}, {1, 1e9}}, 5);
  const std::vector<float> wanted{0, 0.75F, 1, 0.75F, 0};
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(shares[i], wanted[i], 1e-5F) << i;
}

}  // namespace
}  // namespace resyncer::pipeline
