#include "cli/mouth_controls.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "resyncer/core/error.h"
#include "support/scratch_folder.h"

namespace resyncer::cli {
namespace {

pipeline::MouthControls parse(std::vector<std::string> arguments) {
  CLI::App app;
  MouthFlags flags;
  add_mouth_options(&app, &flags);
  std::reverse(arguments.begin(), arguments.end());
  app.parse(arguments);
  return parse_mouth_controls(flags);
}

bool refused(std::vector<std::string> arguments) {
  try {
    parse(std::move(arguments));
    return false;
  } catch (const core::Error& error) {
    EXPECT_EQ(error.kind(), core::ErrorKind::usage) << error.what();
  } catch (const CLI::ParseError&) {
  }
  return true;
}

TEST(MouthControls, ByDefaultChangeNothing) {
  const pipeline::MouthControls controls = parse({});
  EXPECT_TRUE(controls.gain.is(1));
  EXPECT_TRUE(controls.jaw_max.is(INFINITY));
  EXPECT_TRUE(controls.smooth.is(0));
  EXPECT_TRUE(controls.offset_ms.is(0));
  EXPECT_FALSE(controls.keep_source_offset || controls.still_head);
  EXPECT_TRUE(controls.ranges.empty() && controls.motion_in.empty() && controls.motion_out.empty());
}

TEST(MouthControls, AreRead) {
  const pipeline::MouthControls controls = parse({"--mouth-gain", "0.5", "--offset-ms", "-40", "--range",
                                                  "1-2.5", "--range", "1:02-00:01:03.5", "--head", "still"});
  EXPECT_TRUE(controls.gain.is(0.5F));
  EXPECT_TRUE(controls.offset_ms.is(-40));
  EXPECT_TRUE(controls.still_head);
  ASSERT_EQ(controls.ranges.size(), 2U);
  EXPECT_EQ(controls.ranges[0].end, 2.5);
  EXPECT_EQ(controls.ranges[1].start, 62);
  EXPECT_EQ(controls.ranges[1].end, 63.5);
  EXPECT_TRUE(parse({"--offset-ms", "auto"}).keep_source_offset);
}

TEST(MouthControls, NonsenseIsRefused) {
  for (const char* range :
       {"", "-", "5", "2-1", "1-1", "1-", "-2", "a-b", "1-2-3", "1:60-2:00", "-1-2", "1 - 2"})
    EXPECT_TRUE(refused({"--range", range})) << range;
  for (const char* offset : {"Auto", "1s", "nan", "inf", "6000", "-6000", "1e99"})
    EXPECT_TRUE(refused({"--offset-ms", offset})) << offset;
  EXPECT_TRUE(refused({"--mouth-gain", "-0.1"}));
  EXPECT_TRUE(refused({"--mouth-gain", "2.1"}));
  EXPECT_TRUE(refused({"--mouth-gain", "nan"}));
  EXPECT_TRUE(refused({"--jaw-max", "-1"}));
  EXPECT_TRUE(refused({"--smooth", "3"}));
  EXPECT_TRUE(refused({"--smooth", "nan"}));
  EXPECT_TRUE(refused({"--head", "free"}));
}

TEST(MouthControls, ACurveTakesThePlaceOfAFlag) {
  support::ScratchFolder folder;
  const std::string file = (folder / "c.csv").string();
  std::ofstream(file) << "time,gain\n1,0\n2,2\n";
  const pipeline::MouthControls controls = parse({"--curve", file, "--jaw-max", "0.3"});
  EXPECT_FLOAT_EQ(controls.gain.at(1.5), 1);
  EXPECT_TRUE(controls.jaw_max.is(0.3F));
  EXPECT_TRUE(refused({"--curve", file, "--mouth-gain", "1"}));
}

TEST(MouthControls, APointCacheIsTwoFiles) {
  EXPECT_EQ(motion_outputs("a/take.json"), std::vector<std::filesystem::path>{"a/take.json"});
  EXPECT_EQ(motion_outputs("a/take.pc2"), (std::vector<std::filesystem::path>{"a/take.pc2", "a/take.obj"}));
}

}  // namespace
}  // namespace resyncer::cli
