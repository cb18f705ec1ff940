// `resyncer eval RESULT` on the real binary: each spoiled copy is seen by the figure that is there for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "e2e/footage.h"
#include "support/well_formed.h"

namespace resyncer::testing {
namespace {

using nlohmann::json;
using support::fault_of_page;
using ::testing::HasSubstr;

class EvalResult : public ::testing::Test {
 protected:
  RunResult eval(const std::string& result, const std::vector<std::string>& more) {
    std::vector<std::string> arguments{
        "eval", result, "-a", speech(), "-q", "--cache", scratch.file("cache")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return resyncer(arguments);
  }
  json report(const std::string& result, std::vector<std::string> more) {
    more.insert(more.end(), {"--json", "-"});
    RunResult run = eval(result, more);
    EXPECT_EQ(run.status, 0) << run.err;
    return json::parse(run.out, nullptr, false);
  }
  json figures(const std::string& result, const std::vector<std::string>& more) {
    return report(result, more)["figures"];
  }
  const std::string& speech() {
    if (speech_.empty()) speech_ = make_speech(scratch, "s.wav");
    return speech_;
  }
  // A copy of a clip with an ffmpeg filter, lossless.
  std::string filtered(const std::string& clip, const std::string& name, const std::string& filter) {
    std::string out = scratch.file(name);
    RunResult result = run({"ffmpeg", "-v", "error", "-i", clip, "-vf", filter, "-c:v", "ffv1", "-fps_mode",
                            "passthrough", out});
    EXPECT_EQ(result.status, 0) << result.err;
    return out;
  }
  std::string lossless_clip(double seconds) {
    return make_portrait_clip(scratch, "v.mkv", seconds, "25", {"-c:v", "ffv1"});
  }

  ScratchFolder scratch;

 private:
  std::string speech_;
};

TEST_F(EvalResult, AVideoIsItsOwnPerfectResult) {
  std::string clip = lossless_clip(1);
  json f = figures(clip, {"--source", clip, "--real", clip});
  for (const char* name : {"seam_ratio", "sharpness_ratio", "flicker_ratio", "mouth_flicker_ratio",
                           "lip_amplitude_ratio", "untouched_share"})
    EXPECT_EQ(f[name], 1.0) << name;
  for (const char* name :
       {"lip_lag", "lmd", "gradient_error", "identity_shape_distance", "untouched_max_difference"})
    EXPECT_EQ(f[name], 0.0) << name;
  EXPECT_NEAR(f["lip_correlation"], 1, 1e-5);
  EXPECT_NEAR(f["ssim"], 1, 1e-5);
  EXPECT_EQ(f["psnr"], 100.0);
  EXPECT_EQ(f["untouched_psnr"], 100.0);
  EXPECT_TRUE(f["mouth_leak"].is_null()) << "one second of a sentence has no pause";
}

TEST_F(EvalResult, ALosslessRenderIsUntouchedOutsideItsMaskAndAShiftedMaskIsSeen) {
  std::string clip = lossless_clip(1), out = scratch.file("out.mkv"), mask = scratch.file("mask.mkv");
  RunResult rendered = resyncer({"render", clip, "-a", speech(), "-o", out, "-q", "--no-cache",
                                 "--video-codec", "ffv1", "--mask-out", mask});
  ASSERT_EQ(rendered.status, 0) << rendered.err;
  json f = figures(out, {"--source", clip, "--mask", mask});
  EXPECT_EQ(f["untouched_share"], 1.0);
  EXPECT_EQ(f["untouched_max_difference"], 0.0);
  EXPECT_TRUE(f["psnr"].is_null()) << "no real footage";
  EXPECT_GT(f["sharpness_ratio"], 0.2);
  EXPECT_LT(f["seam_ratio"], 1.5);
  EXPECT_GT(f["identity_shape_distance"], 0.0);
  EXPECT_LT(f["identity_shape_distance"], 0.1);
  json rebuilt = figures(out, {"--source", clip});
  EXPECT_EQ(rebuilt["untouched_share"], 1.0) << "the rebuilt mask covers the renderer's";
  EXPECT_NEAR(rebuilt["seam_ratio"], f["seam_ratio"], 0.15);
  std::string shifted = filtered(mask, "shifted.mkv", "pad=360:320:40:0,crop=320:320:0:0");
  json s = figures(out, {"--source", clip, "--mask", shifted});
  EXPECT_LT(s["untouched_share"], 0.999);
  EXPECT_GT(s["untouched_max_difference"], 10.0);
}

TEST_F(EvalResult, ABlurredMouthIsSeen) {
  std::string clip = lossless_clip(1);
  // The box covers the portrait's mouth and chin, in the clip of 320 px.
  std::string copy = filtered(clip, "blurred.mkv",
                              "split[a][b];[b]crop=72:60:96:92,gblur=2[c];[a][c]overlay=96:92:format=yuv420");
  json f = figures(copy, {"--source", clip, "--real", clip});
  EXPECT_LT(f["sharpness_ratio"], 0.2);
  EXPECT_LT(f["psnr"], 40.0);
  EXPECT_LT(f["ssim"], 0.95);
  EXPECT_GT(f["gradient_error"], 0.005);
}

TEST_F(EvalResult, ABrighterPatchIsSeenAtItsEdge) {
  std::string clip = lossless_clip(1), mask = scratch.file("mask.mkv");
  ASSERT_EQ(resyncer({"render", clip, "-a", speech(), "-o", scratch.file("out.mkv"), "-q", "--no-cache",
                      "--video-codec", "ffv1", "--mask-out", mask, "--renderer", "warp"})
                .status,
            0);
  const std::string inside = raw_video(mask, "gray"), source = raw_video(clip, "yuv420p");
  auto seam_of_step = [&](int step) {
    std::string samples = source;
    const std::size_t luma = 320 * 320;
    for (std::size_t i = 0; i < inside.size(); ++i) {
      char& sample = samples[i / luma * (luma * 3 / 2) + i % luma];
      if (inside[i] != 0) sample = char(std::min(235, int(static_cast<unsigned char>(sample)) + step));
    }
    std::string copy = make_clip_of(scratch, "step" + std::to_string(step) + ".mkv", samples, "320x320");
    return double(figures(copy, {"--source", clip, "--mask", mask})["seam_ratio"]);
  };
  const double slight = seam_of_step(10), strong = seam_of_step(40);
  EXPECT_GT(slight, 1.01);
  EXPECT_GT(strong, slight + 0.08);
}

TEST_F(EvalResult, AFrozenPictureIsSeen) {
  std::string clip = lossless_clip(1);
  json f = figures(filtered(clip, "frozen.mkv", "loop=24:1:0,trim=end_frame=25,setpts=N/25/TB"),
                   {"--source", clip, "--real", clip});
  EXPECT_LT(f["lip_correlation"], 0.3);
  EXPECT_LT(f["psnr"], 40.0);
  json twinkling =
      figures(filtered(clip, "twinkling.mkv", "lutyuv=y=val,eq=brightness='0.02*mod(n,2)':eval=frame"),
              {"--source", clip});
  EXPECT_GT(twinkling["flicker_ratio"], 3.0);
}

TEST_F(EvalResult, SilenceIsKnownAndTheReportsAreWhole) {
  std::string clip = lossless_clip(2), quiet = scratch.file("quiet.wav"),
              page = scratch.file("a & \xC3\xBC.html");
  ASSERT_EQ(run({"ffmpeg", "-v", "error", "-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-t", "1", quiet})
                .status,
            0);
  std::string file = scratch.file("r.json");
  RunResult result = resyncer(
      {"eval", clip, "-a", quiet, "--source", clip, "--real", clip, "--json", file, "--html", page, "-q"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("mouth_leak"));
  std::ifstream stream(file), html(page);
  json j = json::parse(stream, nullptr, false);
  EXPECT_EQ(j["frames"], 50);
  EXPECT_EQ(j["seconds"].size(), 50U);
  EXPECT_EQ(j["series"]["lip_opening"].size(), 50U);
  for (const json& silent : j["silent"]) EXPECT_EQ(silent, true);
  EXPECT_TRUE(j["figures"]["mouth_leak"].is_number());
  const std::string text{std::istreambuf_iterator<char>(html), {}};
  EXPECT_EQ(fault_of_page(text), "");
  EXPECT_THAT(text, HasSubstr("<svg"));
  EXPECT_THAT(text, HasSubstr("data:image/jpeg;base64,"));
  EXPECT_THAT(text, HasSubstr("Evenly spread"));
}

TEST_F(EvalResult, OtherRealFootageIsComparedByItsLips) {
  std::string clip = lossless_clip(1), other = make_portrait_clip(scratch, "other.mp4", 2, "30");
  json j = report(clip, {"--real", other});
  EXPECT_TRUE(j["figures"]["lmd"].is_number());
  EXPECT_TRUE(j["figures"]["psnr"].is_null());
  EXPECT_EQ(j["notes"].size(), 2U) << j["notes"] << "no pause, other frames";
}

TEST_F(EvalResult, AStillPictureIsASourceToo) {
  std::string still = RESYNCER_SOURCE_DIR "/tests/data/astronaut.png", out = scratch.file("out.mp4");
  ASSERT_EQ(
      resyncer({"render", still, "-a", speech(), "-o", out, "-q", "--no-cache", "--renderer", "warp"}).status,
      0);
  json f = figures(out, {"--source", still});
  EXPECT_TRUE(f["flicker_ratio"].is_null()) << "a still picture has no flicker to compare with";
  EXPECT_TRUE(f["sharpness_ratio"].is_number());
}

TEST_F(EvalResult, LimitsAreExitCode8AndTheReportIsWritten) {
  std::string clip = lossless_clip(1), file = scratch.file("r.json");
  const std::vector<std::string> with{"--source", clip, "--json", file};
  auto limited = [&](std::vector<std::string> more) {
    more.insert(more.end(), with.begin(), with.end());
    return eval(clip, more);
  };
  EXPECT_EQ(limited({"--fail-below", "seam_ratio=0.9", "--fail-above", "seam_ratio=1.1"}).status, 0);
  std::filesystem::remove(file);
  RunResult result = limited({"--fail-above", "seam_ratio=0.5", "--fail-below", "untouched_psnr=101",
                              "--fail-below", "flicker_ratio=0.5"});
  EXPECT_EQ(result.status, 8);
  EXPECT_THAT(result.err,
              HasSubstr("error (limit): untouched_psnr is 100, below 101, seam_ratio is 1, above 0.5"));
  EXPECT_TRUE(std::filesystem::exists(file));
  result = limited({"--fail-above", "mouth_leak=1"});
  EXPECT_EQ(result.status, 8);
  EXPECT_THAT(result.err, HasSubstr("mouth_leak was not measured"));
}

class EvalHostile : public EvalResult {
 protected:
  void expect_refused(const std::vector<std::string>& arguments, int status, const std::string& fault) {
    std::vector<std::string> before = scratch.names();
    RunResult result = resyncer(arguments);
    EXPECT_EQ(result.status, status) << result.err;
    EXPECT_THAT(result.err, HasSubstr(fault));
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_EQ(scratch.names(), before);
  }
};

TEST_F(EvalHostile, UsageIsExitCode2) {
  std::string clip = lossless_clip(0.4), s = speech();
  expect_refused({"eval"}, 2, "RESULT is required");
  expect_refused({"eval", clip}, 2, "-a is required");
  expect_refused({"eval", clip, "-a", s, "--fail-below", "beauty=1"}, 2,
                 "there are lip_correlation, lip_lag");
  expect_refused({"eval", clip, "-a", s, "--fail-below", "psnr"}, 2, "METRIC=VALUE");
  expect_refused({"eval", clip, "-a", s, "--fail-below", "psnr=much"}, 2, "'much' is no number");
  expect_refused({"eval", clip, "-a", s, "--fail-below", "psnr=30"}, 2, "only with --real");
  expect_refused({"eval", clip, "-a", s, "--json", clip}, 2, "is an input");
  expect_refused({"eval", clip, "-a", s, "--html", scratch.file("no/such/r.html")}, 6, "does not exist");
}

TEST_F(EvalHostile, FilesThatAreNoneOrDoNotBelongAreExitCode3) {
  std::string clip = lossless_clip(0.4), s = speech();
  std::string longer = make_portrait_clip(scratch, "longer.mkv", 0.8), noise = scratch.file("noise.mkv");
  std::string small = make_portrait_clip(scratch, "small.mkv", 0.4, "25", {"-s", "160x160"});
  std::ofstream(scratch.file("garbage.mp4")) << std::string(5000, 'Z');
  ASSERT_EQ(run({"ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=320x320:rate=25", "-t", "0.4",
                 "-pix_fmt", "yuv420p", noise})
                .status,
            0);
  const std::string garbage = scratch.file("garbage.mp4"), page = scratch.file("r.html");
  expect_refused({"eval", garbage, "-a", s, "-q", "--html", page}, 3, "garbage.mp4");
  expect_refused({"eval", clip, "-a", garbage, "-q", "--html", page}, 3, "garbage.mp4");
  expect_refused({"eval", clip, "-a", clip, "-q"}, 3, "no audio stream");
  expect_refused({"eval", clip, "-a", s, "-q", "--source", longer}, 3, "has 20 frames, but the result 10");
  expect_refused({"eval", clip, "-a", s, "-q", "--source", small}, 3,
                 "is 160x160 px, but the result 320x320");
  expect_refused({"eval", clip, "-a", s, "-q", "--source", clip, "--mask", clip}, 3, "is no gray video");
  expect_refused({"eval", noise, "-a", s, "-q", "--html", page}, 5, "noise.mkv: shows no usable face");
}

}  // namespace
}  // namespace resyncer::testing
