// The main job on the real binary.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "e2e/footage.h"

namespace resyncer::testing {
namespace {

class Render : public ::testing::Test {
 protected:
  RunResult render(const std::string& video, const std::string& speech, const std::string& out,
                   std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"render", video, "-a", speech, "-o", out, "-q"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return resyncer(arguments, {"XDG_CACHE_HOME=" + scratch.file("cache")});
  }

  ScratchFolder scratch;
};

TEST_F(Render, TimeStampsAndSpeechAreKept) {
  std::string video = make_portrait_clip(scratch, "a b \xC3\xA4.mp4", 2),
              speech = make_speech(scratch, "s.wav");
  std::string out = scratch.file("r \xC3\xBC.mkv");
  RunResult result = render(video, speech, out);
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, "");
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(packet_times(out, "v:0"), packet_times(video, "v:0"));
  EXPECT_EQ(packet_hashes(out, "a:0"), packet_hashes(speech, "a:0"));
  EXPECT_EQ(decode_errors(out), "");
}

TEST_F(Render, VariableFrameRateAndLateStartAreKept) {
  std::string video = make_portrait_clip(scratch, "vfr.mkv", 2, "30000/1001",
                                         {"-fps_mode", "vfr", "-bf", "2", "-output_ts_offset", "0.7"});
  std::string speech = make_speech(scratch, "s.wav"), out = scratch.file("out.mkv");
  RunResult result = render(video, speech, out);
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(packet_times(out, "v:0"), packet_times(video, "v:0"));
}

struct LosslessCase {
  const char* name;
  const char* pixel_format;
  std::vector<std::string> extra;
  bool rotated;
};

class Lossless : public Render, public ::testing::WithParamInterface<LosslessCase> {};

TEST_P(Lossless, EverySampleOutsideTheMaskIsTheSources) {
  const LosslessCase& c = GetParam();
  std::vector<std::string> extra = c.extra;
  extra.insert(extra.end(), {"-pix_fmt", c.pixel_format});
  std::string video = make_portrait_clip(scratch, "source.mov", 1, "25", extra),
              speech = make_speech(scratch, "s.wav");
  if (c.rotated) video = make_phone_clip(scratch, "turned.mov", video, c.pixel_format);
  std::string out = scratch.file("out.mkv"), mask_file = scratch.file("mask.mkv");
  RunResult result = render(video, speech, out, {"--video-codec", "ffv1", "--mask-out", mask_file});
  ASSERT_EQ(result.status, 0) << result.err;

  // One byte a luma pixel in the mask; compare luma samples, then chroma where all luma of its block is
  // untouched.
  std::string before = raw_video(video, c.pixel_format), after = raw_video(out, c.pixel_format);
  std::string mask = raw_video(mask_file, "gray");
  ASSERT_EQ(before.size(), after.size());
  std::size_t bytes = std::string(c.pixel_format).find("10") != std::string::npos ? 2 : 1;
  bool half_height = std::string(c.pixel_format).find("420") != std::string::npos;
  const std::size_t width = 320, height = 320, luma = width * height, chroma = luma / (half_height ? 4 : 2);
  const std::size_t frames = mask.size() / luma, frame_bytes = (luma + 2 * chroma) * bytes;
  ASSERT_EQ(frames * frame_bytes, before.size());
  std::size_t touched = 0, changed_outside = 0;
  for (std::size_t f = 0; f < frames; ++f) {
    const char* m = mask.data() + f * luma;
    const char* a = before.data() + f * frame_bytes;
    const char* b = after.data() + f * frame_bytes;
    auto differs = [&](std::size_t sample) {
      return std::string_view(a + sample * bytes, bytes) != std::string_view(b + sample * bytes, bytes);
    };
    for (std::size_t i = 0; i < luma; ++i) {
      touched += m[i] != 0;
      changed_outside += m[i] == 0 && differs(i);
      std::size_t x = i % width, y = i / width;
      if (m[i] != 0 || x % 2 != 0 || (half_height && y % 2 != 0)) continue;
      std::size_t c_index = (half_height ? y / 2 : y) * (width / 2) + x / 2;
      changed_outside += differs(luma + c_index);
      changed_outside += differs(luma + chroma + c_index);
    }
  }
  EXPECT_GT(touched, frames * 500) << "the mouth must have been repainted";
  EXPECT_LT(touched, frames * luma / 2);
  EXPECT_EQ(changed_outside, 0U);
}

INSTANTIATE_TEST_SUITE_P(Formats, Lossless,
                         ::testing::Values(LosslessCase{"yuv420p", "yuv420p", {}, false},
                                           LosslessCase{
                                               "yuv422p10", "yuv422p10le", {"-c:v", "prores_ks"}, false},
                                           LosslessCase{"rotated", "yuv420p", {}, true}),
                         [](const auto& test) { return test.param.name; });

TEST_F(Render, DeterministicTwiceIsIdenticalAndThreadsDoNotMatter) {
  std::string video = make_portrait_clip(scratch, "v.mp4", 1), speech = make_speech(scratch, "s.wav");
  auto bytes = [&](const std::string& name, const std::string& threads) {
    RunResult result =
        render(video, speech, scratch.file(name),
               {"--deterministic", "--threads", threads, "--stats", scratch.file("stats.json"), "-y"});
    EXPECT_EQ(result.status, 0) << result.err;
    std::ifstream stream(scratch.file(name), std::ios::binary), stats(scratch.file("stats.json"));
    EXPECT_EQ(nlohmann::json::parse(stats)["precision"], "fp32");
    return std::string{std::istreambuf_iterator<char>(stream), {}};
  };
  std::string first = bytes("1.mp4", "2");
  EXPECT_FALSE(first.empty());
  EXPECT_TRUE(first == bytes("2.mp4", "2"));
  ASSERT_EQ(render(video, speech, scratch.file("a.mkv"), {"--threads", "1", "--video-codec", "ffv1"}).status,
            0);
  ASSERT_EQ(render(video, speech, scratch.file("b.mkv"), {"--threads", "2", "--video-codec", "ffv1"}).status,
            0);
  EXPECT_TRUE(raw_video(scratch.file("a.mkv"), "yuv420p") == raw_video(scratch.file("b.mkv"), "yuv420p"));
}

TEST_F(Render, AStillPictureSpeaksAsLongAsTheSpeech) {
  std::string speech = make_speech(scratch, "s.wav"), out = scratch.file("out.mp4");
  RunResult result = render(RESYNCER_SOURCE_DIR "/tests/data/astronaut.png", speech, out);
  ASSERT_EQ(result.status, 0) << result.err;
  double seconds = std::stod(probe(speech, "format=duration"));
  EXPECT_NEAR(double(packet_times(out, "v:0").size()), seconds * 25, 1);
  EXPECT_EQ(decode_errors(out), "");
}

TEST_F(Render, StatsPreviewAndProgressAreWritten) {
  std::string video = make_portrait_clip(scratch, "v.mp4", 1), speech = make_speech(scratch, "s.wav");
  RunResult result = render(video, speech, scratch.file("out.mp4"),
                            {"--stats", scratch.file("stats.json"), "--preview", scratch.file("strip.png"),
                             "--progress", scratch.file("progress")});
  ASSERT_EQ(result.status, 0) << result.err;
  std::ifstream stats(scratch.file("stats.json")), progress(scratch.file("progress"));
  auto json = nlohmann::json::parse(stats);
  EXPECT_EQ(json["frames"], 25);
  EXPECT_GT(json["stages"]["generator"]["milliseconds_a_frame"], 0);
  EXPECT_EQ(json["models"].size(), 6U);
  EXPECT_THAT(json["precision"].get<std::string>(), ::testing::AnyOf("bf16", "fp32"));
  EXPECT_NE(probe(scratch.file("strip.png"), "stream=width").find("2560"), std::string::npos);
  std::string text{std::istreambuf_iterator<char>(progress), {}};
  EXPECT_NE(text.find("stage=render\n"), std::string::npos);
  EXPECT_NE(text.find("progress=end\n"), std::string::npos);
}

TEST_F(Render, SpeechMovesTheMouthThatSilenceLeavesAtRest) {
  std::string video = make_portrait_clip(scratch, "v.mp4", 2), speech = make_speech(scratch, "s.wav");
  std::string silence = scratch.file("silence.wav");
  ASSERT_EQ(
      run({"ffmpeg", "-v", "error", "-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-t", "2", silence})
          .status,
      0);
  auto pixels = [&](const std::string& sound, const std::string& name) {
    RunResult result = render(video, sound, scratch.file(name), {"--video-codec", "ffv1"});
    EXPECT_EQ(result.status, 0) << result.err;
    return raw_video(scratch.file(name), "gray");
  };
  const std::string talk = pixels(speech, "talk.mkv"), rest = pixels(silence, "rest.mkv");
  ASSERT_EQ(talk.size(), rest.size());
  // Head, light and references are the same in both, so what changes in their difference is the mouth's
  // motion.
  const std::size_t size = 320 * 320;
  auto difference = [&](std::size_t i) {
    return int(static_cast<unsigned char>(talk[i])) - int(static_cast<unsigned char>(rest[i]));
  };
  double moved = 0;
  for (std::size_t i = size; i < talk.size(); ++i) moved += std::abs(difference(i) - difference(i - size));
  EXPECT_GT(moved / double(talk.size()), 0.02);
  for (std::size_t i = 0; i < size / 8; ++i) ASSERT_EQ(difference(i), 0) << "the forehead never moves";
}

}  // namespace
}  // namespace resyncer::testing
