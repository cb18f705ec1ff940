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
  // Renders and checks: exit code, one line on stderr, nothing left behind.
  void expect_refused(const std::string& video, const std::string& speech, int status,
                      std::vector<std::string> more = {}) {
    std::vector<std::string> before = scratch.names();
    std::vector<std::string> arguments{"render", video,       "-a", speech, "-o", scratch.file("out.mp4"),
                                       "-q",     "--no-cache"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    RunResult result = resyncer(arguments);
    EXPECT_EQ(result.status, status) << video << ": " << result.err;
    auto lines = std::count(result.err.begin(), result.err.end(), '\n');
    EXPECT_EQ(lines, 1) << result.err;
    EXPECT_NE(result.err.find("error ("), std::string::npos) << result.err;
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
  std::ifstream stream(clip, std::ios::binary);
  std::string whole{std::istreambuf_iterator<char>(stream), {}};
  write("truncated.mp4", whole.substr(0, whole.size() / 3));
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
  auto status = [&] {
    return resyncer(
               {"render", clip, "-a", speech, "-o", scratch.file("o.mp4"), "--no-cache", "--models", folder})
        .status;
  };
  std::string weights = folder + "/generator.safetensors";
  ASSERT_TRUE(std::filesystem::exists(weights));
  {
    std::fstream stream(weights, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(-1, std::ios::end);
    stream.put('\x7f');
  }
  EXPECT_EQ(status(), 4) << "one byte differs";
  std::filesystem::resize_file(weights, 1000);
  EXPECT_EQ(status(), 4) << "truncated";
  std::filesystem::remove(weights);
  EXPECT_EQ(status(), 4) << "missing";
  std::ofstream(folder + "/manifest.json") << "{\"models\": [{\"id\": 7}]}";
  EXPECT_EQ(status(), 4) << "malformed manifest";
  EXPECT_EQ(resyncer({"models", "verify", "--models", scratch.file("nowhere")}).status, 4);
}

}  // namespace
}  // namespace resyncer::testing
