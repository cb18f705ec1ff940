#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <utility>

#include "media/media_samples.h"
#include "resyncer/core/error.h"
#include "resyncer/media/audio_reader.h"
#include "resyncer/media/video_writer.h"

namespace resyncer::media::testing {
namespace {

std::string transcode(const std::filesystem::path& in, const std::filesystem::path& speech,
                      const std::filesystem::path& out, const std::string& codec = "",
                      bool keep_audio = false) {
  VideoReader reader(in);
  EncoderOptions encoder;
  encoder.codec = codec;
  encoder.bit_exact = true;
  VideoWriter writer(out, reader, encoder, {in, speech, keep_audio});
  while (std::optional<VideoFrame> frame = reader.read()) writer.write(*frame);
  writer.finish();
  return writer.audio_action();
}

void expect_equal_times(const PacketList& a, const PacketList& b, double tolerance) {
  ASSERT_EQ(a.seconds.size(), b.seconds.size());
  for (std::size_t i = 0; i < a.seconds.size(); ++i) EXPECT_NEAR(a.seconds[i], b.seconds[i], tolerance) << i;
}

struct TimeCase {
  const char* name;
  int num, den;
  std::vector<std::int64_t> pts;
};

class Times : public ::testing::TestWithParam<TimeCase> {};

TEST_P(Times, OutAreTimesIn) {
  const TimeCase& c = GetParam();
  support::ScratchFolder folder;
  VideoSample sample;
  sample.encoder = "libx264";
  sample.time_base_num = c.num, sample.time_base_den = c.den;
  sample.pts = c.pts;
  write_sound(folder / "s.wav", 0.5, 16000, 1, 500);
  for (const char* extension : {".mp4", ".mov", ".mkv"}) {
    auto in = folder.file(std::string("in") + extension), out = folder.file(std::string("out") + extension);
    write_video(in, sample);
    transcode(in, folder / "s.wav", out);
    std::vector<PacketList> before = packets_of(in), after = packets_of(out);
    ASSERT_EQ(after.size(), 2U) << extension;
    EXPECT_EQ(after[0].codec, "h264");
    ASSERT_EQ(before[0].seconds.size(), c.pts.size());
    expect_equal_times(before[0], after[0], 1e-9);
    // The first sample to be heard comes with the first picture (AAC's priming lies before).
    auto first_heard = after[1].codec == "aac" ? after[1].seconds[1] : after[1].seconds[0];
    EXPECT_NEAR(first_heard, before[0].seconds[0], 1e-3) << extension;
  }
  EXPECT_EQ(folder.names().size(), 7) << "no temporary file is left";
}

INSTANTIATE_TEST_SUITE_P(
    All, Times,
    ::testing::Values(TimeCase{"constant", 1, 12800, regular_pts(30, 0, 512)},
                      TimeCase{"film", 1001, 24000, regular_pts(30)},
                      TimeCase{"late", 1, 15360, regular_pts(30, 507, 512)},
                      TimeCase{
                          "varying", 1, 1000, {0, 20, 70, 75, 140, 200, 210, 300, 400, 405, 500, 640, 641}},
                      TimeCase{"varying_late", 1, 90000, {63000, 66003, 67000, 75000, 75200, 90000, 99000}}),
    [](const auto& each) { return each.param.name; });

struct LosslessCase {
  const char* name;
  AVPixelFormat format;
  int rotation;
};
class Lossless : public ::testing::TestWithParam<LosslessCase> {};

TEST_P(Lossless, EverySampleAndTheRotationAreKept) {
  support::ScratchFolder folder;
  VideoSample sample;
  sample.format = GetParam().format;
  sample.rotation_clockwise = GetParam().rotation;
  if (GetParam().rotation != 0) sample.encoder = "libx264";
  sample.pts = regular_pts(5);
  auto in = folder / "in.mov", out = folder / "out.mov";
  write_video(in, sample);
  transcode(in, "", out, "ffv1");
  VideoReader a(in), b(out);
  EXPECT_EQ(b.info().codec, "ffv1");
  EXPECT_EQ(b.info().pixel_format, a.info().pixel_format);
  EXPECT_EQ(b.info().rotation_degrees, GetParam().rotation);
  int frames = 0;
  while (std::optional<VideoFrame> before = a.read()) {
    std::optional<VideoFrame> after = b.read();
    ASSERT_TRUE(after.has_value());
    const PixelLayout& layout = before->layout();
    auto p = std::as_const(*before).planes(), q = std::as_const(*after).planes();
    for (std::size_t c = 0; c < 3; ++c) {
      int width = c > 0 ? layout.width >> layout.chroma_shift_x : layout.width;
      int height = c > 0 ? layout.height >> layout.chroma_shift_y : layout.height;
      auto bytes = std::size_t(width) * (layout.bit_depth > 8 ? 2 : 1);
      for (int y = 0; y < height; ++y)
        ASSERT_EQ(std::memcmp(p[c].data + y * p[c].stride, q[c].data + y * q[c].stride, bytes), 0);
    }
    ++frames;
  }
  EXPECT_EQ(frames, 5);
}

INSTANTIATE_TEST_SUITE_P(All, Lossless,
                         ::testing::Values(LosslessCase{"yuv420p", AV_PIX_FMT_YUV420P, 0},
                                           LosslessCase{"yuv422p10", AV_PIX_FMT_YUV422P10, 0},
                                           LosslessCase{"rotated", AV_PIX_FMT_YUV420P, 90}),
                         [](const auto& each) { return each.param.name; });

class Tracks : public ::testing::Test {
 protected:
  void SetUp() override {
    VideoSample sample;
    sample.encoder = "libx264";
    sample.pts = regular_pts(25);
    sample.audio_tracks = 2;
    sample.subtitle = sample.chapter = true;
    write_video(folder / "in.mkv", sample);
    write_sound(folder / "s.wav", 3, 16000, 1, 700);
  }
  support::ScratchFolder folder;
};

TEST_F(Tracks, TheSpeechReplacesTheFirstTrackAndTheRestIsCopied) {
  EXPECT_EQ(transcode(folder / "in.mkv", folder / "s.wav", folder / "out.mkv"), "copied");
  auto in = packets_of(folder / "in.mkv"), speech = packets_of(folder / "s.wav"),
       out = packets_of(folder / "out.mkv");
  ASSERT_EQ(out.size(), 4U);
  EXPECT_EQ(out[1].codec, "pcm_s16le");
  EXPECT_EQ(out[1].bytes, speech[0].bytes) << "all of it, though the picture ends earlier";
  EXPECT_EQ(out[2].language, "fra");
  EXPECT_EQ(out[2].bytes, in[2].bytes);
  EXPECT_EQ(out[3].type, "subtitle");
  EXPECT_EQ(out[3].bytes, in[3].bytes);
  EXPECT_EQ(chapters_of(folder / "out.mkv"), 1);
}

TEST_F(Tracks, TheSourcesAudioCanBeKept) {
  transcode(folder / "in.mkv", folder / "s.wav", folder / "out.mkv", "", true);
  auto out = packets_of(folder / "out.mkv");
  ASSERT_EQ(out.size(), 5U);
  EXPECT_EQ(out[2].language, "eng");
  transcode(folder / "in.mkv", "", folder / "own.mkv");
  EXPECT_EQ(packets_of(folder / "own.mkv").size(), 4U);
}

TEST_F(Tracks, PcmBecomesAacInMp4WithTheSameLength) {
  EXPECT_EQ(transcode(folder / "in.mkv", folder / "s.wav", folder / "out.mp4"), "encoded as aac");
  EXPECT_NEAR(read_audio(folder / "out.mp4").seconds(), 3, 1024 / 16000.0);
}

TEST_F(Tracks, EqualInputGivesEqualFiles) {
  for (const char* name : {"1.mp4", "2.mp4", "1.mkv", "2.mkv"})
    transcode(folder / "in.mkv", folder / "s.wav", folder.file(name));
  EXPECT_TRUE(read_bytes(folder / "1.mp4") == read_bytes(folder / "2.mp4"));
  EXPECT_TRUE(read_bytes(folder / "1.mkv") == read_bytes(folder / "2.mkv"));
}

TEST_F(Tracks, WhatCannotBeWrittenIsAnOutputErrorAndLeavesNothing) {
  int before = folder.names().size();
  auto refused = [&](const std::string& name, const std::string& codec) {
    try {
      transcode(folder / "in.mkv", folder / "s.wav", folder.file(name), codec);
      ADD_FAILURE() << name << " was written";
    } catch (const core::Error& error) {
      EXPECT_EQ(error.kind(), core::ErrorKind::output) << error.what();
      EXPECT_TRUE(codec.empty() || std::string(error.what()).find(codec) != std::string::npos)
          << error.what();
    }
  };
  refused("out.unknown", "");
  refused("no/such/out.mp4", "");
  refused("out.mkv", "no_such_encoder");
  refused("out.mkv", "prores_ks");  // does not take yuv420p
  refused("out.webm", "libx264");
  EXPECT_EQ(folder.names().size(), before);
}

TEST_F(Tracks, AnUnfinishedFileGoesAway) {
  int before = folder.names().size();
  {
    VideoReader reader(folder / "in.mkv");
    VideoWriter writer(folder / "out.mkv", reader, {}, {folder / "in.mkv", folder / "s.wav", false});
    while (std::optional<VideoFrame> frame = reader.read()) writer.write(*frame);
  }
  EXPECT_EQ(folder.names().size(), before);
}

TEST(VideoWriter, AFullDiskIsAnOutputError) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP();
  support::ScratchFolder folder;
  core::ImageU8 mask(64, 64, 1);
  // The temporary name is what is written: it becomes the full device.
  try {
    MaskWriter writer(folder / "m.mkv", 64, 64, {1, 25}, {25, 1});
    for (const auto& entry : std::filesystem::directory_iterator(folder / "")) {
      int full = ::open("/dev/full", O_WRONLY);
      int self = -1;
      for (int fd = 3; fd < 256 && self < 0; ++fd) {
        std::error_code ignored;
        if (std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), ignored) == entry.path())
          self = fd;
      }
      ASSERT_GE(self, 0);
      ::dup2(full, self);
      ::close(full);
    }
    unsigned noise = 1;
    for (int i = 0; i < 50; ++i) {
      for (auto& v : mask.data) v = std::uint8_t((noise = noise * 1664525U + 1013904223U) >> 24U);
      writer.write(mask, i);
    }
    writer.finish();
    ADD_FAILURE() << "nothing was noticed";
  } catch (const core::Error& error) {
    EXPECT_EQ(error.kind(), core::ErrorKind::output) << error.what();
  }
}

TEST(VideoWriter, AStillPictureBecomesAVideo) {
  support::ScratchFolder folder;
  VideoSample sample;
  sample.encoder = "png";
  sample.format = AV_PIX_FMT_RGB24;
  sample.pts = {0};
  write_sound(folder / "s.wav", 0.2, 16000, 1, 5);
  for (int width : {64, 63}) {
    sample.width = width;
    write_video(folder / "p.png", sample);
    VideoReader reader(folder / "p.png");
    ASSERT_TRUE(reader.info().is_still);
    std::optional<VideoFrame> picture = reader.read();
    EXPECT_FALSE(reader.read().has_value());
    VideoWriter writer(folder / "out.mp4", reader, {}, {folder / "p.png", folder / "s.wav", false});
    for (int i = 0; i < 5; ++i) writer.write(with_pts(*picture, i));
    writer.finish();
    VideoReader back(folder / "out.mp4");
    EXPECT_EQ(back.info().pixel_format, width % 2 == 0 ? "yuv420p" : "yuv444p");
    auto times = packets_of(folder / "out.mp4")[0].seconds;
    ASSERT_EQ(times.size(), 5U);
    EXPECT_NEAR(times[4], 0.16, 1e-9);
    core::ImageU8 a, b;  // the colours come through
    to_rgb(*picture, reader.upright_from_stored(), 0.25F, &a);
    to_rgb(*back.read(), back.upright_from_stored(), 0.25F, &b);
    ASSERT_EQ(a.data.size(), b.data.size());
    double difference = 0;
    for (std::size_t i = 0; i < a.data.size(); ++i) difference += std::abs(a.data[i] - b.data[i]);
    EXPECT_LT(difference / double(a.data.size()), 6);
  }
}

TEST(MaskWriter, KeepsValuesAndTimes) {
  support::ScratchFolder folder;
  core::ImageU8 mask(33, 21, 1);
  MaskWriter writer(folder / "m.mkv", 33, 21, {1, 1000}, {25, 1});
  for (int i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k < mask.data.size(); ++k) mask.data[k] = std::uint8_t(k + std::size_t(i));
    writer.write(mask, 33 + 50 * i);
  }
  writer.finish();
  VideoReader reader(folder / "m.mkv");
  for (int i = 0; i < 3; ++i) {
    std::optional<VideoFrame> frame = reader.read();
    EXPECT_EQ(frame->pts(), 33 + 50 * i);
    core::ImageU8 back;
    to_gray(*frame, reader.upright_from_stored(), 1, &back);
    EXPECT_EQ(back.at(7, 2), std::uint8_t(2 * 33 + 7 + i));
  }
}

}  // namespace
}  // namespace resyncer::media::testing
