// How long a result is, what moves its mouth and what is seen in silence, on the real binary.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "e2e/footage.h"

namespace resyncer::testing {
namespace {

using ::testing::HasSubstr;

class Length : public ::testing::Test {
 protected:
  RunResult render(const std::string& video, const std::string& speech, const std::string& out,
                   const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"render",          video,        "-a",  speech, "-o",
                                       scratch.file(out), "--renderer", "warp"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return resyncer(arguments, {"XDG_CACHE_HOME=" + scratch.file("cache")});
  }
  // Speech of exactly so many seconds.
  std::string speech_of(const std::string& name, double seconds) {
    const std::string file = scratch.file(name);
    EXPECT_EQ(run({"ffmpeg", "-v", "error", "-i", make_speech(scratch, "whole-" + name), "-af", "apad", "-t",
                   std::to_string(seconds), file})
                  .status,
              0);
    return file;
  }
  double seconds(const std::string& out, const std::string& entry = "format=duration",
                 const std::string& stream = "") {
    return std::stod(probe(scratch.file(out), entry, stream));
  }
  // When the last picture leaves the screen, after the first came on it; at a constant rate.
  double picture_seconds(const std::string& out) {
    std::vector<double> times;
    for (const std::string& time : packet_times(scratch.file(out), "v:0")) times.push_back(std::stod(time));
    const double last = times.back();
    return last + (last - times[times.size() - 2]) - times.front();
  }

  ScratchFolder scratch;
  static constexpr std::size_t kFrame = 320 * 320 * 3 / 2;
};

TEST_F(Length, TheResultIsAsLongAsTheModeSays) {
  const std::string video = make_portrait_clip(scratch, "v.mp4", 1.2), longer = speech_of("long.wav", 2.71),
                    shorter = speech_of("short.wav", 0.63);
  const double half = 0.02 + 1e-3;
  for (const char* mode : {"loop", "bounce", "freeze"}) {
    ASSERT_EQ(render(video, longer, "out.mp4", {"--length", mode, "-y"}).status, 0) << mode;
    EXPECT_NEAR(picture_seconds("out.mp4"), 2.71, half) << mode;
    EXPECT_NEAR(seconds("out.mp4"), 2.71, half) << mode;
    EXPECT_EQ(decode_errors(scratch.file("out.mp4")), "");
  }
  for (const char* mode : {"cut", "loop", "bounce", "freeze"}) {
    ASSERT_EQ(render(video, shorter, "out.mp4", {"--length", mode, "-y"}).status, 0) << mode;
    EXPECT_NEAR(picture_seconds("out.mp4"), 0.63, half) << mode;
    EXPECT_NEAR(seconds("out.mp4"), 0.63, half) << mode;
  }
  for (const char* out : {"out.mp4", "out.mkv"}) {
    RunResult cut = render(video, longer, out, {"--length", "cut", "-y"});
    ASSERT_EQ(cut.status, 0) << cut.err;
    EXPECT_THAT(cut.err, HasSubstr("the last 1.5 s of the speech are left out"));
    EXPECT_NEAR(picture_seconds(out), 1.2, half);
    EXPECT_NEAR(seconds(out), 1.2, half);
    EXPECT_EQ(decode_errors(scratch.file(out)), "");
  }
  RunResult whole = render(video, longer, "out.mp4", {"-y"});
  ASSERT_EQ(whole.status, 0);
  EXPECT_THAT(whole.err, HasSubstr("of the speech are heard after the picture's end"));
  EXPECT_NEAR(picture_seconds("out.mp4"), 1.2, half);
  EXPECT_NEAR(seconds("out.mp4", "stream=duration", "a:0"), 2.71, half);
  ASSERT_EQ(render(video, shorter, "out.mp4", {"-y", "--length", "video"}).status, 0);
  EXPECT_NEAR(picture_seconds("out.mp4"), 1.2, half);
}

TEST_F(Length, WhatIsRepeatedIsTheSourceAndTimeGoesOn) {
  const std::string video =
      make_portrait_clip(scratch, "v.mkv", 0.8, "25", {"-g", "5", "-output_ts_offset", "0.4"});
  const std::string speech = speech_of("s.wav", 2), source = raw_video(video, "yuv420p");
  ASSERT_EQ(source.size(), 20 * kFrame);
  for (const std::string mode : {"loop", "bounce", "freeze"}) {
    RunResult result = render(video, speech, "out.mkv",
                              {"-y", "--length", mode, "--video-codec", "ffv1", "--range", "0-0.1"});
    ASSERT_EQ(result.status, 0) << result.err;
    const std::string out = raw_video(scratch.file("out.mkv"), "yuv420p");
    ASSERT_EQ(out.size(), 50 * kFrame) << mode;
    for (std::size_t i = 3; i < 50; ++i) {
      const std::size_t back = 39 - i % 40;
      const std::size_t from = mode == "loop"     ? i % 20
                               : mode == "freeze" ? std::min<std::size_t>(i, 19)
                               : i % 40 < 20      ? i % 40
                                                  : back;
      EXPECT_EQ(out.compare(i * kFrame, kFrame, source, from * kFrame, kFrame), 0) << mode << ' ' << i;
    }
    const auto times = packet_times(scratch.file("out.mkv"), "v:0");
    EXPECT_EQ(times.front(), "0.400000");
    EXPECT_EQ(times.back(), "2.360000");
  }
}

TEST_F(Length, OtherStreamsEndWithACutAndAreCopiedOnceInALoop) {
  const std::string silent = make_portrait_clip(scratch, "silent.mkv", 2), video = scratch.file("v.mkv");
  std::ofstream(scratch.file("s.srt"))
      << "1\n00:00:00,100 --> 00:00:01,900\nlong\n\n2\n00:00:01,500 --> 00:00:01,800\nlate\n\n";
  ASSERT_EQ(run({"ffmpeg",
                 "-v",
                 "error",
                 "-i",
                 silent,
                 "-f",
                 "lavfi",
                 "-i",
                 "sine=d=2",
                 "-f",
                 "lavfi",
                 "-i",
                 "sine=300:d=2",
                 "-i",
                 scratch.file("s.srt"),
                 "-map",
                 "0:v",
                 "-map",
                 "1",
                 "-map",
                 "2",
                 "-map",
                 "3",
                 "-c:v",
                 "copy",
                 "-c:a",
                 "pcm_s16le",
                 video})
                .status,
            0);
  ASSERT_EQ(render(video, speech_of("s.wav", 0.9), "cut.mkv", {"--length", "cut", "--keep-audio"}).status, 0);
  EXPECT_NEAR(seconds("cut.mkv"), 0.9, 0.021);
  EXPECT_EQ(packet_times(scratch.file("cut.mkv"), "s:0").size(), 1U);
  for (const char* track : {"0:a:1", "0:a:2"}) {
    const RunResult sound =
        run({"ffmpeg", "-v", "error", "-i", scratch.file("cut.mkv"), "-map", track, "-f", "s16le", "-"});
    EXPECT_NEAR(double(sound.out.size()) / 2 / 44100, 0.9, 0.021) << track;
  }
  ASSERT_EQ(render(video, speech_of("l.wav", 4.5), "loop.mkv", {"--length", "loop"}).status, 0);
  EXPECT_EQ(packet_hashes(scratch.file("loop.mkv"), "a:1"), packet_hashes(video, "a:1"));
  EXPECT_EQ(packet_times(scratch.file("loop.mkv"), "s:0").size(), 2U);
}

TEST_F(Length, APictureSpeaksAsLongAsTheSpeechInEveryMode) {
  const std::string speech = speech_of("s.wav", 0.8);
  for (const char* mode : {"video", "cut", "loop", "bounce", "freeze"}) {
    ASSERT_EQ(
        render(RESYNCER_SOURCE_DIR "/tests/data/astronaut.png", speech, "out.mp4", {"--length", mode, "-y"})
            .status,
        0);
    EXPECT_NEAR(picture_seconds("out.mp4"), 0.8, 0.041) << mode;
  }
}

TEST_F(Length, TheStemMovesTheMouthAndTheMixIsHeard) {
  const std::string video = make_portrait_clip(scratch, "v.mkv", 1.2),
                    stem = make_speech(scratch, "stem.wav"), mix = scratch.file("mix.wav");
  ASSERT_EQ(run({"ffmpeg", "-v", "error", "-i", stem, "-f", "lavfi", "-i", "sine=200:d=9", "-filter_complex",
                 "amix=duration=first", mix})
                .status,
            0);
  auto pixels = [&](const std::string& out, const std::string& heard, std::vector<std::string> more) {
    more.insert(more.end(), {"--video-codec", "ffv1"});
    RunResult result = render(video, heard, out, more);
    EXPECT_EQ(result.status, 0) << result.err;
    return raw_video(scratch.file(out), "yuv420p");
  };
  const std::string voice = pixels("voice.mkv", stem, {});
  EXPECT_EQ(pixels("both.mkv", mix, {"--speech-stem", stem}), voice);
  EXPECT_NE(pixels("mixed.mkv", mix, {}), voice);
  EXPECT_EQ(packet_hashes(scratch.file("both.mkv"), "a:0"), packet_hashes(mix, "a:0"));
  std::ifstream stream(scratch.file("both.mkv.provenance.json"));
  EXPECT_EQ(nlohmann::json::parse(stream)["speech_stem"]["name"], "stem.wav");
  const RunResult unlike = render(video, speech_of("other.wav", 7), "no.mkv", {"--speech-stem", stem});
  EXPECT_EQ(unlike.status, 0);
  EXPECT_THAT(unlike.err, HasSubstr("--speech-stem lasts"));
  const RunResult missing = render(video, mix, "no2.mkv", {"--speech-stem", video});
  EXPECT_EQ(missing.status, 3);
  EXPECT_THAT(missing.err, HasSubstr("has no audio stream"));
  EXPECT_FALSE(std::filesystem::exists(scratch.file("no2.mkv")));
}

TEST_F(Length, InSilenceTheFootageIsSeenWhereThatIsAsked) {
  const std::string video = make_portrait_clip(scratch, "v.mkv", 2.4), speech = scratch.file("late.wav");
  ASSERT_EQ(run({"ffmpeg", "-v", "error", "-i", make_speech(scratch, "s.wav"), "-af", "adelay=1400", speech})
                .status,
            0);
  const std::string source = raw_video(video, "yuv420p");
  auto changed = [&](const std::string& silence) {
    EXPECT_EQ(render(video, speech, "out.mkv", {"-y", "--silence", silence, "--video-codec", "ffv1"}).status,
              0);
    const std::string out = raw_video(scratch.file("out.mkv"), "yuv420p");
    std::vector<bool> frames;
    for (std::size_t i = 0; i < 60; ++i)
      frames.push_back(out.compare(i * kFrame, kFrame, source, i * kFrame, kFrame) != 0);
    return frames;
  };
  const auto rest = changed("rest"), kept = changed("source");
  for (std::size_t i = 0; i < 60; ++i) {
    EXPECT_TRUE(rest[i]) << i;
    if (i < 22 || i > 36) {
      EXPECT_EQ(kept[i], i > 36) << i;
    }
  }
  EXPECT_EQ(render(video, speech, "no.mkv", {"--silence", "never"}).status, 2);
  EXPECT_EQ(render(video, speech, "no.mkv", {"--length", "stretch"}).status, 2);
}

}  // namespace
}  // namespace resyncer::testing
