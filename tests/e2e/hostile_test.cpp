// Bad input: the right exit code, one clear sentence, no file left.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "e2e/footage.h"

namespace resyncer::testing {
namespace {

class Hostile : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& bytes) {
    std::ofstream(scratch.file(name), std::ios::binary) << bytes;
  }
  static std::string contents(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  // The first part of a file under another name.
  void cut(const std::string& file, const std::string& name, double share) {
    std::string whole = contents(file);
    write(name, whole.substr(0, std::size_t(double(whole.size()) * share)));
  }
  // Renders and checks: exit code, one line on stderr, which names `fault`, nothing left behind.
  void expect_refused(const std::string& video, const std::string& speech, int status,
                      const std::vector<std::string>& more = {}, const std::string& fault = "") {
    std::vector<std::string> before = scratch.names();
    std::vector<std::string> arguments{"render", video,       "-a", speech, "-o", scratch.file("out.mp4"),
                                       "-q",     "--no-cache"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    RunResult result = resyncer(arguments);
    EXPECT_EQ(result.status, status) << video << ": " << result.err;
    auto lines = std::count(result.err.begin(), result.err.end(), '\n');
    EXPECT_EQ(lines, 1) << result.err;
    EXPECT_THAT(result.err, ::testing::AllOf(::testing::HasSubstr("error ("), ::testing::HasSubstr(fault)));
    EXPECT_EQ(scratch.names(), before);
  }

  ScratchFolder scratch;
};

TEST_F(Hostile, UsageIsExitCode2) {
  EXPECT_EQ(resyncer({}).status, 2);
  EXPECT_EQ(resyncer({"render"}).status, 2);
  EXPECT_EQ(resyncer({"dance"}).status, 2);
  EXPECT_EQ(resyncer({"render", "a.mp4", "-a", "b.wav", "-o", "c.mp4", "--crf", "many"}).status, 2);
  EXPECT_EQ(resyncer({"--help"}).status, 0);
  EXPECT_EQ(resyncer({"--version"}).status, 0);
}

TEST_F(Hostile, UnreadableVideoIsExitCode3) {
  std::string speech = make_speech(scratch, "s.wav"), clip = make_portrait_clip(scratch, "v.mp4", 1);
  write("empty.mp4", "");
  write("garbage.mp4", std::string(5000, '\x5a'));
  write("text.mkv", "hello");
  cut(clip, "truncated.mp4", 1.0 / 3);
  for (const char* name : {"empty.mp4", "garbage.mp4", "text.mkv", "truncated.mp4", "missing.mp4"})
    expect_refused(scratch.file(name), speech, 3);
  expect_refused(scratch.path().string(), speech, 3);
  expect_refused(speech, speech, 3);  // no video stream
}

TEST_F(Hostile, HugePicturesInAHeaderAreExitCode3) {
  std::string speech = make_speech(scratch, "s.wav");
  write("huge.y4m", "YUV4MPEG2 W1000000 H1000000 F25:1 C420jpeg\nFRAME\n" + std::string(1000, 'x'));
  write("wide.y4m", "YUV4MPEG2 W20000 H2 F25:1 C420jpeg\nFRAME\n" + std::string(60000, 'x'));
  // PNG: signature, IHDR of 2^31 - 1 pixels a side, 8-bit RGB.
  write("huge.png",
        std::string("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x02\0\0\0"
                    "\x9e\xe0\xc6\x1f\0\0\0\0IEND\xae\x42\x60\x82",
                    45));
  for (const char* name : {"huge.y4m", "wide.y4m", "huge.png"}) expect_refused(scratch.file(name), speech, 3);
}

// A file that breaks off where the container needs no index at its end: what there is counts.
TEST_F(Hostile, WhatIsLeftOfATruncatedFileIsRendered) {
  std::string speech = make_speech(scratch, "s.wav"), clip = make_portrait_clip(scratch, "v.mkv", 1);
  cut(clip, "cut.mkv", 0.6);
  cut(speech, "cut.wav", 0.6);
  std::string out = scratch.file("out.mp4");
  RunResult result = resyncer({"render", scratch.file("cut.mkv"), "-a", scratch.file("cut.wav"), "-o", out,
                               "-q", "--no-cache", "--renderer", "warp"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(decode_errors(out), "");
  std::size_t frames = packet_times(out, "v:0").size();
  EXPECT_GT(frames, 5U);
  EXPECT_LT(frames, 25U);
}

TEST_F(Hostile, PicturesThatAreNoneAreExitCode3) {
  std::string speech = make_speech(scratch, "s.wav");
  write("empty.jpg", "");
  write("garbage.png", std::string(5000, '\x5a'));
  cut(RESYNCER_SOURCE_DIR "/tests/data/astronaut.png", "header.png", 0.0005);
  for (const char* name : {"empty.jpg", "garbage.png", "header.png"})
    expect_refused(scratch.file(name), speech, 3);
}

TEST_F(Hostile, APictureSizeThatChangesOnTheWayIsExitCode3) {
  std::string speech = make_speech(scratch, "s.wav");
  std::string joined;
  for (const char* size : {"320", "160"}) {
    make_portrait_clip(scratch, "part.h264", 0.5, "25", {"-s", std::string(size) + "x" + size});
    joined += contents(scratch.file("part.h264"));
  }
  std::filesystem::remove(scratch.file("part.h264"));
  write("changes.h264", joined);
  expect_refused(scratch.file("changes.h264"), speech, 3, {"--renderer", "warp"}, "picture size changes");
}

TEST_F(Hostile, OddSizesAreRendered) {
  std::string clip = make_portrait_clip(scratch, "odd.mkv", 0.4, "25",
                                        {"-vf", "crop=401:399:56:0", "-pix_fmt", "yuv444p"}),
              speech = make_speech(scratch, "s.wav"), out = scratch.file("out.mkv");
  RunResult result =
      resyncer({"render", clip, "-a", speech, "-o", out, "-q", "--no-cache", "--renderer", "warp"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(probe(out, "stream=width,height", "v:0"), ::testing::HasSubstr("401,399"));
}

TEST_F(Hostile, SpeechWithoutSoundIsExitCode3) {
  std::string clip = make_portrait_clip(scratch, "v.mp4", 1);
  write("garbage.wav", std::string(5000, '\x5a'));
  write("empty.wav", "");
  write("cut.wav", std::string("RIFF\x24\0\0\0WAVEfmt ", 16));
  for (const char* name : {"garbage.wav", "empty.wav", "cut.wav", "missing.wav"})
    expect_refused(clip, scratch.file(name), 3);
  expect_refused(clip, clip, 3);
}

TEST_F(Hostile, NoFaceIsExitCode5) {
  std::string clip = scratch.file("noise.mp4"), tiny = scratch.file("tiny.mkv"),
              speech = make_speech(scratch, "s.wav");
  ASSERT_EQ(run({"ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=161x121:rate=25", "-t", "1",
                 "-pix_fmt", "yuv444p", clip})
                .status,
            0);
  ASSERT_EQ(run({"ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=size=16x16:rate=25", "-vf",
                 "crop=1:1:0:0:exact=1", "-pix_fmt", "gray", "-t", "1", "-c:v", "ffv1", tiny})
                .status,
            0);
  expect_refused(clip, speech, 5);
  expect_refused(tiny, speech, 5);
  for (const char* size : {"1:1", "1:300", "3:2"}) {
    std::string picture = scratch.file("small.png");
    ASSERT_EQ(run({"ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "color=size=320x320", "-vf",
                   std::string("format=rgb24,crop=") + size, "-frames:v", "1", picture})
                  .status,
              0);
    expect_refused(picture, speech, 5);
  }
}

TEST_F(Hostile, AFileWithAWrongExtensionIsStillRead) {
  std::string clip = make_portrait_clip(scratch, "v.mp4", 1), speech = make_speech(scratch, "s.wav");
  std::filesystem::rename(clip, scratch.file("v.avi"));
  EXPECT_EQ(
      resyncer({"render", scratch.file("v.avi"), "-a", speech, "-o", scratch.file("o.mp4"), "--no-cache"})
          .status,
      0);
}

TEST_F(Hostile, OutputThatCannotBeWrittenIsExitCode6) {
  std::string clip = make_portrait_clip(scratch, "v.mp4", 1), speech = make_speech(scratch, "s.wav");
  auto to = [&](const std::string& out, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"render", clip, "-a", speech, "-o", out, "--no-cache"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return resyncer(arguments).status;
  };
  EXPECT_EQ(to(scratch.file("no/such/folder/o.mp4")), 6);
  EXPECT_EQ(to(scratch.file("o.unknown")), 6);
  EXPECT_EQ(to(scratch.file("o.mp4"), {"--video-codec", "no_such_encoder"}), 6);
  write("there.mp4", "mine");
  EXPECT_EQ(to(scratch.file("there.mp4")), 6) << "not overwritten unasked";
  EXPECT_EQ(to(scratch.file("there.mp4"), {"-n"}), 6);
  std::ifstream stream(scratch.file("there.mp4"));
  EXPECT_EQ((std::string{std::istreambuf_iterator<char>(stream), {}}), "mine");
  EXPECT_EQ(to(clip), 2) << "an input is never an output";
}

TEST_F(Hostile, WeightsThatDoNotBelongAreExitCode4) {
  std::string clip = make_portrait_clip(scratch, "v.mp4", 1), speech = make_speech(scratch, "s.wav");
  std::string folder = scratch.file("models");
  std::filesystem::copy(RESYNCER_SOURCE_DIR "/models", folder, std::filesystem::copy_options::recursive);
  auto expect_fault = [&](const std::string& fault) {
    expect_refused(clip, speech, 4, {"--models", folder}, fault);
  };
  for (const char* id : {"generator", "motion", "face-model"}) {
    std::string weights = folder + "/" + id + ".safetensors", whole = contents(weights);
    ASSERT_GT(whole.size(), 1000U);
    {
      std::fstream stream(weights, std::ios::in | std::ios::out | std::ios::binary);
      stream.seekp(-1, std::ios::end);
      stream.put(char(whole.back() ^ 1));
    }
    expect_fault(std::string(id) + ".safetensors: the SHA-256 differs");
    std::filesystem::resize_file(weights, 1000);
    expect_fault(std::string(id) + ".safetensors: has 1000 bytes");
    std::filesystem::remove(weights);
    expect_fault(std::string(id) + ".safetensors: the weights are missing");
    std::ofstream(weights, std::ios::binary) << whole;
  }
  std::ofstream(folder + "/manifest.json") << "{\"models\": [{\"id\": 7}]}";
  expect_fault("manifest is malformed");
  std::filesystem::remove(folder + "/manifest.json");
  expect_fault("manifest cannot be read");
  EXPECT_EQ(resyncer({"models", "verify", "--models", scratch.file("nowhere")}).status, 4);
}

TEST_F(Hostile, ADamagedLandmarkModelIsExitCode4) {
  std::string clip = make_portrait_clip(scratch, "v.mp4", 1), speech = make_speech(scratch, "s.wav");
  write("empty.dat", "");
  write("garbage.dat", std::string(5000, '\x5a'));
  cut("/usr/share/dlib/shape_predictor_68_face_landmarks.dat", "cut.dat", 0.001);
  for (const char* name : {"empty.dat", "garbage.dat", "cut.dat", "missing.dat"})
    expect_refused(clip, speech, 4, {"--landmarks", scratch.file(name)}, "landmark model");
}

}  // namespace
}  // namespace resyncer::testing
