// `resyncer compare` on the real binary.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "e2e/footage.h"
#include "support/well_formed.h"

namespace resyncer::testing {
namespace {

using nlohmann::json;
using support::fault_of_page;
using ::testing::HasSubstr;

class Compare : public ::testing::Test {
 protected:
  std::string clip(const std::string& name, const std::string& filter = "null") {
    std::string out = scratch.file(name);
    RunResult made = run({"ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25", "-t",
                          "1", "-vf", "format=yuv420p," + filter, "-c:v", "ffv1", out});
    EXPECT_EQ(made.status, 0) << made.err;
    return out;
  }
  std::string written(const std::string& name, const std::string& text) {
    std::ofstream(scratch.file(name), std::ios::binary) << text;
    return scratch.file(name);
  }

  ScratchFolder scratch;
};

TEST_F(Compare, EqualVideosAreEqual) {
  RunResult result = resyncer({"compare", clip("a.mkv"), clip("b.mkv"), "--json", "-", "-q", "--fail-below",
                               "equal_frames=1", "--fail-above", "max_difference=0"});
  ASSERT_EQ(result.status, 0) << result.err;
  json d = json::parse(result.out, nullptr, false)["differences"];
  EXPECT_EQ(d["psnr"], 100.0);
  EXPECT_EQ(d["equal_share"], 1.0);
  EXPECT_TRUE(d["largest_change"].is_null());
}

TEST_F(Compare, WhereAndHowMuchVideosDifferIsShown) {
  // One frame of 25 has 40 of its 320 x 240 luma samples changed by 10 codes.
  const std::string a = clip("a.mkv");
  std::string planes = raw_video(a, "yuv420p");
  for (std::size_t x = 0; x < 40; ++x) {
    char& luma = planes[10 * (320 * 240 * 3 / 2) + 7 * 320 + x];
    luma = char(static_cast<unsigned char>(luma) < 128 ? luma + 10 : luma - 10);
  }
  const std::string b = make_clip_of(scratch, "b.mkv", planes, "320x240");
  std::string page = scratch.file("d.html");
  RunResult result = resyncer({"compare", a, b, "--json", "-", "--html", page, "-q"});
  ASSERT_EQ(result.status, 0) << result.err;
  json j = json::parse(result.out, nullptr, false), d = j["differences"];
  const double samples = 25.0 * 320 * 240 * 1.5;
  EXPECT_NEAR(d["equal_share"], 1 - 40 / samples, 1e-6);
  EXPECT_NEAR(d["equal_frames"], 24.0 / 25, 1e-6);
  EXPECT_EQ(d["max_difference"], 10.0);
  const double squares = 40 * (10 / 255.0) * (10 / 255.0);
  EXPECT_NEAR(d["psnr"], -10 * std::log10(squares / samples), 1e-3);
  EXPECT_NEAR(d["worst_psnr"], -10 * std::log10(squares / samples * 25), 1e-3);
  EXPECT_EQ(j["series"]["max_difference"][10], 10.0);
  EXPECT_EQ(j["series"]["max_difference"][9], 0.0);
  std::ifstream stream(page);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  EXPECT_EQ(fault_of_page(text), "");
  EXPECT_THAT(text, HasSubstr("frame 10"));
  result = resyncer({"compare", a, b, "-q", "--fail-below", "worst_psnr=70"});
  EXPECT_EQ(result.status, 8);
  EXPECT_THAT(result.err, HasSubstr("worst_psnr is"));
}

TEST_F(Compare, ReportsAreSetSideBySide) {
  auto report = [&](const std::string& name, double seam) {
    json j = {{"kind", "resyncer eval"},
              {"figures", {{"seam_ratio", seam}, {"ssim", 0.9}, {"psnr", nullptr}}},
              {"series", {{"lip_opening", {0.1, nullptr, 0.3}}}},
              {"seconds", {0, 0.04, 0.08}}};
    return written(name, j.dump());
  };
  std::string a = report("a.json", 1.0), b = report("b.json", 1.25), page = scratch.file("d.html");
  RunResult result = resyncer({"compare", a, b, "--html", page, "--fail-above", "largest_change=0.1"});
  EXPECT_EQ(result.status, 8);
  EXPECT_THAT(result.err, HasSubstr("largest_change is 0.2, above 0.1"));
  EXPECT_THAT(result.out, HasSubstr("0.2500"));
  std::ifstream stream(page);
  EXPECT_EQ(fault_of_page({std::istreambuf_iterator<char>(stream), {}}), "");
  EXPECT_EQ(resyncer({"compare", a, a, "--fail-above", "largest_change=0"}).status, 0);
}

TEST_F(Compare, WhatCannotBeComparedIsSaid) {
  std::string a = clip("a.mkv");
  auto expect_refused = [&](const std::string& x, const std::string& y, int status,
                            const std::string& fault) {
    RunResult result = resyncer({"compare", x, y, "-q", "--html", scratch.file("d.html")});
    EXPECT_EQ(result.status, status) << result.err;
    EXPECT_THAT(result.err, HasSubstr(fault));
    EXPECT_FALSE(std::filesystem::exists(scratch.file("d.html")));
  };
  expect_refused(a, clip("short.mkv", "trim=end_frame=20"), 3, "ends at frame 20");
  expect_refused(clip("short2.mkv", "trim=end_frame=20"), a, 3, "short2.mkv: ends at frame 20");
  expect_refused(a, clip("small.mkv", "scale=160:120"), 3, "is 160x120");
  expect_refused(a, clip("deep.mkv", "format=yuv420p10le"), 3, "yuv420p10le");
  expect_refused(a, scratch.file("missing.mkv"), 3, "missing.mkv");
  expect_refused(a, written("r.json", "{}"), 2, "a video and a report");
  std::string sound = written("s.json", R"({"kind":"resyncer eval","figures":{},"series":{},"seconds":[]})");
  for (const char* text : {"", "[", "{}", R"({"kind":"resyncer eval"})", R"({"kind":7})",
                           R"({"kind":"resyncer eval","figures":[],"series":{},"seconds":[]})"})
    expect_refused(sound, written("bad.json", text), 3, "bad.json: is no report");
  EXPECT_EQ(resyncer({"compare", a}).status, 2);
  EXPECT_EQ(resyncer({"compare", a, a, "--fail-below", "ssim=1"}).status, 2);
}

}  // namespace
}  // namespace resyncer::testing
