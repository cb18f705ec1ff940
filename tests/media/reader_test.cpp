#include <gtest/gtest.h>

#include <cmath>

#include "media/media_samples.h"
#include "resyncer/core/error.h"
#include "resyncer/media/audio_reader.h"
#include "resyncer/media/video_reader.h"

namespace resyncer::media::testing {
namespace {

std::vector<std::int64_t> read_pts(VideoReader* reader) {
  std::vector<std::int64_t> pts;
  while (std::optional<VideoFrame> frame = reader->read()) pts.push_back(frame->pts());
  return pts;
}

TEST(VideoReader, GivesEveryFrameWithItsTime) {
  support::ScratchFolder folder;
  VideoSample sample;
  sample.encoder = "libx264";  // with reordered frames
  sample.time_base_den = 12800;
  sample.pts = {512, 1024, 1500, 2600, 2900, 3300, 4000, 5000, 5100, 6000};
  write_video(folder / "v.mp4", sample);
  VideoReader reader(folder / "v.mp4");
  EXPECT_EQ(reader.info().time_base, (core::Rational{1, 12800}));
  EXPECT_EQ(reader.info().start_pts, 512);
  EXPECT_EQ(read_pts(&reader), sample.pts);
  EXPECT_EQ(reader.damaged_packets(), 0);
}

TEST(VideoReader, SeekContinuesAtTheFirstFrameNotBefore) {
  support::ScratchFolder folder;
  VideoSample sample;
  sample.encoder = "libx264";
  sample.time_base_den = 12800;
  sample.pts = regular_pts(40, 0, 512);
  write_video(folder / "v.mp4", sample);
  VideoReader reader(folder / "v.mp4");
  for (int target : {25, 0, 39, 10, 11}) {
    reader.seek(target * 512 - 100);
    std::vector<std::int64_t> rest = read_pts(&reader);
    ASSERT_EQ(rest.size(), std::size_t(40 - target)) << target;
    EXPECT_EQ(rest.front(), target * 512);
  }
}

// Time and gray picture of every frame.
std::vector<std::pair<std::int64_t, std::vector<std::uint8_t>>> read_gray(VideoReader* reader) {
  std::vector<std::pair<std::int64_t, std::vector<std::uint8_t>>> pictures;
  core::ImageU8 gray;
  while (std::optional<VideoFrame> frame = reader->read()) {
    to_gray(*frame, reader->upright_from_stored(), 1, &gray);
    pictures.emplace_back(frame->pts(), gray.data);
  }
  return pictures;
}

TEST(VideoReader, PicturesMadeUpBeforeTheFirstThatStandsAloneAreLeftOut) {
  support::ScratchFolder folder;
  VideoSample sample;
  sample.encoder = "libx264";
  sample.pts = regular_pts(40);
  write_video(folder / "whole.ts", sample);
  const std::string bytes = read_bytes(folder / "whole.ts");
  VideoReader whole(folder / "whole.ts");
  const auto all = read_gray(&whole);
  ASSERT_EQ(all.size(), sample.pts.size());
  EXPECT_EQ(whole.left_out(), 0);
  int left_out = 0;
  for (std::size_t percent = 20; percent <= 60; percent += 4) {
    write_bytes(folder / "cut.ts", bytes.substr(bytes.size() * percent / 100 / 188 * 188));  // TS packets
    VideoReader cut(folder / "cut.ts");
    const auto rest = read_gray(&cut);
    ASSERT_FALSE(rest.empty());
    EXPECT_TRUE(std::equal(rest.begin(), rest.end(), all.end() - std::ptrdiff_t(rest.size())))
        << percent << " %";
    left_out += cut.left_out();
  }
  EXPECT_GT(left_out, 0);
}

TEST(VideoReader, ARotatedFileIsSeenUpright) {
  support::ScratchFolder folder;
  VideoSample sample;
  sample.encoder = "libx264";
  sample.width = 64, sample.height = 32;
  sample.pts = regular_pts(2);
  for (int rotation : {0, 90, 180, 270}) {
    sample.rotation_clockwise = rotation;
    write_video(folder / "v.mp4", sample);
    VideoReader reader(folder / "v.mp4");
    EXPECT_EQ(reader.info().rotation_degrees, rotation);
    bool on_side = rotation % 180 != 0;
    EXPECT_EQ(reader.info().width, on_side ? 32 : 64);
    // The stored top left corner.
    core::Point2 corner = reader.upright_from_stored() * core::Point2(0, 0);
    EXPECT_EQ(corner.x(), rotation == 90 ? 32 : rotation == 180 ? 64 : 0) << rotation;
    EXPECT_EQ(corner.y(), rotation == 180 ? 32 : rotation == 270 ? 64 : 0) << rotation;
    std::optional<VideoFrame> frame = reader.read();
    core::ImageU8 upright, stored;
    to_gray(*frame, reader.upright_from_stored(), 1, &upright);
    to_gray(*frame, upright_from_stored(64, 32, 0, 1), 1, &stored);
    ASSERT_EQ(upright.width, reader.info().width);
    for (int y = 0; y < 32; ++y)
      for (int x = 0; x < 64; ++x) {
        core::Point2 p = reader.upright_from_stored() * core::Point2(float(x) + 0.5F, float(y) + 0.5F);
        ASSERT_EQ(upright.at(int(p.x()), int(p.y())), stored.at(x, y)) << rotation << " " << x << " " << y;
      }
  }
}

TEST(UprightView, ShrinkingAveragesAreas) {
  support::ScratchFolder folder;
  VideoSample sample;
  sample.format = AV_PIX_FMT_GRAY8;
  sample.pts = {0};
  write_video(folder / "v.mkv", sample);
  VideoReader reader(folder / "v.mkv");
  std::optional<VideoFrame> frame = reader.read();
  core::ImageU8 full, quarter;
  to_gray(*frame, reader.upright_from_stored(), 1, &full);
  to_gray(*frame, reader.upright_from_stored(), 0.25F, &quarter);
  ASSERT_EQ(quarter.width, 16);
  ASSERT_EQ(quarter.height, 12);
  for (int y = 0; y < 12; ++y)
    for (int x = 0; x < 16; ++x) {
      double sum = 0;
      for (int i = 0; i < 16; ++i) sum += full.at(4 * x + i % 4, 4 * y + i / 4);
      EXPECT_NEAR(quarter.at(x, y), sum / 16, 1);
    }
}

TEST(UprightView, CropsAreTheWholePicturesPixelsAndRepeatItsEdge) {
  support::ScratchFolder folder;
  for (AVPixelFormat format :
       {AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV422P10, AV_PIX_FMT_YUV444P, AV_PIX_FMT_GRAY8}) {
    VideoSample sample;
    sample.format = format;
    sample.width = 63, sample.height = 47;  // odd
    sample.pts = {0};
    write_video(folder / "v.mkv", sample);
    VideoReader reader(folder / "v.mkv");
    std::optional<VideoFrame> frame = reader.read();
    core::ImageU8 whole, crop;
    to_rgb(*frame, reader.upright_from_stored(), 1, &whole);
    crop_rgb(*frame, reader.upright_from_stored(), {-5, 40, 12, 60}, &crop);
    ASSERT_EQ(crop.width, 17);
    for (int y = 0; y < crop.height; ++y)
      for (int x = 0; x < crop.width; ++x)
        for (int c = 0; c < 3; ++c) {
          bool outside = x < 5 || y > 6;  // beyond the edge chroma goes on to its own last sample
          ASSERT_NEAR(crop.at(x, y, c), whole.at(std::max(0, x - 5), std::min(46, y + 40), c),
                      outside ? 6 : 1);
        }
  }
}

TEST(AudioReader, ChannelsAreAveragedAndTheRateIsChanged) {
  support::ScratchFolder folder;
  write_sound(folder / "s.wav", 1.5, 44100, 2, 8192);
  core::AudioClip clip = read_audio(folder / "s.wav");
  EXPECT_EQ(clip.rate, 16000);
  EXPECT_NEAR(clip.seconds(), 1.5, 0.01);
  EXPECT_NEAR(clip.samples[12000], 0.25F, 1e-3F);
  std::size_t streamed = 0;
  stream_audio(folder / "s.wav", 16000, [&](const float*, std::size_t count) { streamed += count; });
  EXPECT_EQ(streamed, clip.samples.size());
}

TEST(AudioReader, AWrittenWaveIsReadBack) {
  support::ScratchFolder folder;
  core::AudioClip clip;
  for (int i = 0; i < 1000; ++i) clip.samples.push_back(float(std::sin(i * 0.1)) * 0.5F);
  write_wav(folder / "w.wav", clip);
  core::AudioClip back = read_audio(folder / "w.wav");
  ASSERT_EQ(back.samples.size(), clip.samples.size());
  for (std::size_t i = 0; i < 1000; ++i) EXPECT_NEAR(back.samples[i], clip.samples[i], 1e-4);
}

// --- hostile input: Error{input} with a sentence, never more

void expect_refused(const std::filesystem::path& path) {
  try {
    VideoReader reader(path);
    while (reader.read()) {
    }
    ADD_FAILURE() << path << " was read";
  } catch (const core::Error& error) {
    EXPECT_EQ(error.kind(), core::ErrorKind::input) << error.what();
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
  }
}

TEST(HostileVideo, MissingEmptyGarbageFolderAndWrongExtension) {
  support::ScratchFolder folder;
  expect_refused(folder / "missing.mp4");
  expect_refused(folder / "");
  write_bytes(folder / "empty.mp4", "");
  expect_refused(folder / "empty.mp4");
  write_bytes(folder / "garbage.mp4", std::string(5000, '\x5a'));
  expect_refused(folder / "garbage.mp4");
  write_bytes(folder / "text.mkv", "hello");
  expect_refused(folder / "text.mkv");
  EXPECT_THROW(read_audio(folder / "garbage.mp4"), core::Error);
}

TEST(HostileVideo, SoundAloneIsNoVideoAndVideoAloneHasNoSound) {
  support::ScratchFolder folder;
  write_sound(folder / "s.wav", 0.1, 16000, 1, 5);
  expect_refused(folder / "s.wav");
  VideoSample sample;
  sample.pts = {0};
  write_video(folder / "v.mkv", sample);
  EXPECT_THROW(read_audio(folder / "v.mkv"), core::Error);
}

TEST(HostileVideo, AnMp4CutBeforeItsIndexIsRefused) {
  support::ScratchFolder folder;
  VideoSample sample;
  sample.encoder = "libx264";
  sample.pts = regular_pts(20);
  write_video(folder / "v.mp4", sample);
  std::string whole = read_bytes(folder / "v.mp4");
  write_bytes(folder / "cut.mp4", whole.substr(0, whole.size() / 3));
  expect_refused(folder / "cut.mp4");
}

TEST(HostileVideo, ATruncatedMatroskaGivesWhatIsThere) {
  support::ScratchFolder folder;
  VideoSample sample;
  sample.pts = regular_pts(20);
  write_video(folder / "v.mkv", sample);
  std::string whole = read_bytes(folder / "v.mkv");
  write_bytes(folder / "cut.mkv", whole.substr(0, whole.size() / 2));
  VideoReader reader(folder / "cut.mkv");
  std::size_t frames = read_pts(&reader).size();
  EXPECT_GT(frames, 5U);
  EXPECT_LT(frames, 15U);
}

TEST(HostileVideo, DamagedPacketsAreNotFatal) {
  support::ScratchFolder folder;
  VideoSample sample;
  sample.encoder = "libx264";
  sample.pts = regular_pts(30);
  write_video(folder / "v.mkv", sample);
  std::string bytes = read_bytes(folder / "v.mkv");
  for (unsigned seed = 1; seed < 20; ++seed) {
    std::string damaged = bytes;
    for (unsigned i = 0; i < 20; ++i)
      damaged[(seed * 7919 + i * 104729) % bytes.size()] ^= char(1U << (i % 8));
    write_bytes(folder / "d.mkv", damaged);
    try {
      VideoReader reader(folder / "d.mkv");
      EXPECT_LE(read_pts(&reader).size(), 31U);
    } catch (const core::Error& error) {
      EXPECT_EQ(error.kind(), core::ErrorKind::input);
    }
  }
}

TEST(HostileVideo, AChangeOfSizeIsRefused) {
  support::ScratchFolder folder;
  VideoSample sample;
  sample.encoder = "mpeg2video";
  sample.pts = regular_pts(20);
  sample.change_size_at = 10;
  write_video(folder / "v.mpg", sample);
  expect_refused(folder / "v.mpg");
}

TEST(VideoReader, OnePixelIsAPicture) {
  support::ScratchFolder folder;
  VideoSample sample;
  sample.width = sample.height = 1;
  sample.format = AV_PIX_FMT_YUV444P;
  sample.pts = regular_pts(2);
  write_video(folder / "v.mkv", sample);
  VideoReader reader(folder / "v.mkv");
  std::optional<VideoFrame> frame = reader.read();
  core::ImageU8 gray;
  to_gray(*frame, reader.upright_from_stored(), 0.3F, &gray);
  EXPECT_EQ(gray.data.size(), 1U);
}

}  // namespace
}  // namespace resyncer::media::testing
