// Standard input and output, named pipes: the same frames as from file to file.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "e2e/footage.h"

namespace resyncer::testing {
namespace {

using ::testing::HasSubstr;

const std::string kBinary = RESYNCER_BINARY_DIR "/bin/resyncer";

class Stream : public ::testing::Test {
 protected:
  // A pipeline in the scratch folder; $R is the binary with a cache of this test's own. Exit code of the last
  // command that failed.
  RunResult shell(const std::string& line) {
    return run({"bash", "-c", "cd \"$0\" && set -o pipefail && " + line, scratch.path().string()},
               {"XDG_CACHE_HOME=" + scratch.file("cache"), "R=" + kBinary, "TMPDIR=" + scratch.file("tmp")});
  }
  void SetUp() override { std::filesystem::create_directory(scratch / "tmp"); }
  // Clip, speech, and the render of them from file to file.
  void prepare(const std::string& how = "") {
    make_portrait_clip(scratch, "v.mkv", 1, "30000/1001", {"-output_ts_offset", "0.7"});
    make_speech(scratch, "s.wav");
    ASSERT_EQ(shell("$R render v.mkv -a s.wav -o file.mkv -q --deterministic --renderer warp " + how).status,
              0);
  }
  void expect_same_as_file(const std::string& streamed) {
    const std::string a = scratch.file("file.mkv"), b = scratch.file(streamed);
    EXPECT_EQ(packet_times(b, "v:0"), packet_times(a, "v:0"));
    EXPECT_EQ(packet_hashes(b, "v:0"), packet_hashes(a, "v:0"));
    EXPECT_EQ(packet_hashes(b, "a:0"), packet_hashes(a, "a:0"));
    EXPECT_TRUE(raw_video(b, "yuv420p") == raw_video(a, "yuv420p"));
    EXPECT_EQ(decode_errors(b), "");
  }

  ScratchFolder scratch;
};

TEST_F(Stream, ThroughStandardInputAndOutputItIsTheSameVideo) {
  prepare();
  RunResult result = shell(
      "ffmpeg -v error -i v.mkv -c copy -copyts -f matroska - | "
      "$R render - -a s.wav -o - --deterministic --renderer warp | cat > piped.mkv");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, "");
  expect_same_as_file("piped.mkv");
  EXPECT_THAT(probe(scratch.file("piped.mkv"), "format_tags=comment"), HasSubstr("Altered by resyncer"));
  EXPECT_TRUE(std::filesystem::is_empty(scratch / "tmp")) << "the copy of the input has no name";
  EXPECT_THAT(scratch.names(), ::testing::Not(::testing::Contains(HasSubstr("-.provenance"))));
}

TEST_F(Stream, APlayerReadsItAsItComes) {
  prepare();
  RunResult result = shell(
      "$R render - -a s.wav -o - -q --renderer warp < v.mkv | "
      "ffprobe -v error -count_frames -select_streams v:0 -show_entries stream=nb_read_frames -of csv=p=0 -");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(std::atoi(result.out.c_str()), int(packet_times(scratch.file("v.mkv"), "v:0").size()));
}

TEST_F(Stream, NamedPipesAndProcessSubstitution) {
  prepare();
  RunResult result = shell(
      "mkfifo in out.mkv && (cat v.mkv > in & cat out.mkv > got.mkv & "
      "$R render in -a <(cat s.wav) -o out.mkv -q --deterministic --renderer warp; code=$?; wait; exit "
      "$code)");
  ASSERT_EQ(result.status, 0) << result.err;
  expect_same_as_file("got.mkv");
  EXPECT_TRUE(std::filesystem::is_fifo(scratch / "out.mkv")) << "a pipe is never renamed over";
  EXPECT_EQ(shell("$R render /dev/stdin -a s.wav -o /dev/stdout -q --deterministic --renderer warp "
                  "< <(cat v.mkv) | cat > third.mkv")
                .status,
            0);
  expect_same_as_file("third.mkv");
}

TEST_F(Stream, TheSpeechMayComeThroughThePipeInstead) {
  prepare();
  RunResult result =
      shell("cat s.wav | $R render v.mkv -a - -o - -q --deterministic --renderer warp > piped.mkv");
  ASSERT_EQ(result.status, 0) << result.err;
  expect_same_as_file("piped.mkv");
  result = shell("cat s.wav | $R render - -a - -o - -q");
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("two inputs cannot both come from standard input"));
}

TEST_F(Stream, NutAndY4m) {
  prepare("--video-codec ffv1");
  ASSERT_EQ(shell("$R render v.mkv -a s.wav -o - --format nut --video-codec ffv1 -q --renderer warp "
                  "--deterministic | cat > x.nut")
                .status,
            0);
  ASSERT_EQ(shell("$R render v.mkv -a s.wav -o - --format yuv4mpegpipe -q --renderer warp --deterministic "
                  "| cat > x.y4m")
                .status,
            0);
  const std::string expected = raw_video(scratch.file("file.mkv"), "yuv420p");
  EXPECT_TRUE(raw_video(scratch.file("x.nut"), "yuv420p") == expected);
  EXPECT_EQ(packet_times(scratch.file("x.nut"), "v:0"), packet_times(scratch.file("file.mkv"), "v:0"));
  EXPECT_TRUE(raw_video(scratch.file("x.y4m"), "yuv420p") == expected);
  EXPECT_THAT(probe(scratch.file("x.y4m"), "stream=codec_type,r_frame_rate"), HasSubstr("video,30000/1001"));
}

TEST_F(Stream, WhatAPipeCannotCarryIsRefused) {
  make_portrait_clip(scratch, "rgb.mkv", 0.4, "25", {"-c:v", "ffv1", "-pix_fmt", "bgr0"});
  make_speech(scratch, "s.wav");
  RunResult result = shell("$R render rgb.mkv -a s.wav -o - --format yuv4mpegpipe -q --renderer warp");
  EXPECT_EQ(result.status, 6);
  EXPECT_THAT(result.err, HasSubstr("standard output: y4m has no place for this video's pixel format"));
  EXPECT_EQ(result.out, "");
  result = shell("mkfifo x.mp4 && $R render rgb.mkv -a s.wav -o x.mp4 -q --renderer warp");
  EXPECT_EQ(result.status, 6);
  EXPECT_THAT(result.err, HasSubstr("mp4 cannot be written into a pipe; choose --format matroska"));
  result = shell("$R render rgb.mkv -a s.wav -o - -q --renderer warp >&-");
  EXPECT_EQ(result.status, 6) << "standard output is closed";
  result = shell("true | $R render - -a s.wav -o o.mkv -q");
  EXPECT_EQ(result.status, 3);
  EXPECT_THAT(result.err, HasSubstr("standard input: nothing came through it"));
  result = shell("echo no video | $R render - -a s.wav -o o.mkv -q");
  EXPECT_EQ(result.status, 3);
  EXPECT_THAT(result.err, HasSubstr("standard input: is not a media file")) << "not the copy's path";
}

TEST_F(Stream, AReaderThatLeavesIsExitCode6) {
  prepare();
  RunResult result =
      shell("$R render v.mkv -a s.wav -o - -q --renderer warp --video-codec ffv1 | head -c 1000 > part");
  EXPECT_EQ(result.status, 6);
  EXPECT_THAT(result.err, HasSubstr("standard output: whoever read it has closed the pipe"));
}

TEST_F(Stream, InspectAndEvalReadPipes) {
  prepare();
  RunResult result = shell("cat v.mkv | $R inspect - --json -q");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(nlohmann::json::parse(result.out)["file"], "-");
  result = shell("cat file.mkv | $R eval - -a s.wav --json - -q");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("standard input"));
}

// More and more is appended while the analysis is at work.
TEST_F(Stream, AGrowingFileIsRefused) {
  prepare();
  const auto before = scratch.names();
  RunResult result = shell(
      "{ (while sleep 0.02; do head -c 100 s.wav >> v.mkv; done) & writer=$!; "
      "$R render v.mkv -a s.wav -o out.mkv -q --no-cache --renderer warp; code=$?; kill $writer; wait; exit "
      "$code; }");
  EXPECT_EQ(result.status, 3);
  EXPECT_THAT(result.err, HasSubstr("v.mkv: the file is still growing; wait until it is complete"));
  EXPECT_EQ(scratch.names(), before);
}

}  // namespace
}  // namespace resyncer::testing
