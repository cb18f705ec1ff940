// Interlaced, HDR and oddly laid out pictures: how they are read, and what of them is written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/media_samples.h"
#include "media/tone_map.h"
#include "resyncer/core/error.h"
#include "resyncer/media/video_writer.h"

namespace resyncer::media::testing {
namespace {

using ::testing::HasSubstr;

VideoSample fields(const std::string& encoder, bool top_first) {
  VideoSample sample;
  sample.encoder = encoder;
  sample.interlaced = true;
  sample.top_field_first = top_first;
  sample.time_base_den = 1000;
  sample.pts = {40, 80, 130, 160, 300};
  return sample;
}

ReaderOptions choosing(Interlaced interlaced) { return {-1, 1, interlaced}; }

// MPEG-4 says with each picture alone that it holds fields, H.264 beforehand.
class Fields : public ::testing::TestWithParam<std::pair<const char*, bool>> {};

TEST_P(Fields, AreRefusedKeptOrMadeWhole) {
  support::ScratchFolder folder;
  const auto [encoder, top_first] = GetParam();
  const VideoSample sample = fields(encoder, top_first);
  write_video(folder / "v.mkv", sample);
  const VideoInfo info = probe_video(folder / "v.mkv");
  EXPECT_TRUE(info.is_interlaced);
  EXPECT_EQ(info.top_field_first, top_first);
  try {
    VideoReader(folder / "v.mkv", choosing(Interlaced::refuse));
    FAIL() << "must be refused";
  } catch (const core::Error& error) {
    EXPECT_EQ(error.kind(), core::ErrorKind::input);
    EXPECT_THAT(error.what(), HasSubstr("interlaced"));
  }
  for (Interlaced choice : {Interlaced::keep, Interlaced::deinterlace}) {
    VideoReader reader(folder / "v.mkv", choosing(choice));
    EXPECT_EQ(reader.info().is_interlaced, choice == Interlaced::keep);
    std::vector<std::int64_t> pts;
    while (std::optional<VideoFrame> frame = reader.read()) pts.push_back(frame->pts());
    EXPECT_EQ(pts, sample.pts);
    EXPECT_FALSE(reader.read()) << "the end stays the end";
    reader.seek(160);
    std::optional<VideoFrame> frame = reader.read();
    ASSERT_TRUE(frame);
    EXPECT_EQ(frame->pts(), 160);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Fields,
                         ::testing::Values(std::pair<const char*, bool>{"mpeg4", true},
                                           std::pair<const char*, bool>{"mpeg4", false},
                                           std::pair<const char*, bool>{"libx264", true}));

TEST(VideoReader, ProgressiveVideoIsNeverDeinterlaced) {
  support::ScratchFolder folder;
  VideoSample sample;
  sample.pts = regular_pts(3);
  write_video(folder / "v.mkv", sample);
  for (Interlaced choice : {Interlaced::refuse, Interlaced::deinterlace}) {
    VideoReader asked(folder / "v.mkv", choosing(choice)),
        plain(folder / "v.mkv", choosing(Interlaced::keep));
    for (int i = 0; i < 3; ++i) {
      auto a = asked.read(), b = plain.read();
      ASSERT_TRUE(a && b);
      for (int y = 0; y < sample.height; ++y) {
        const auto *x = a->planes()[0].data + y * a->planes()[0].stride,
                   *z = b->planes()[0].data + y * b->planes()[0].stride;
        ASSERT_TRUE(std::equal(x, x + sample.width, z));
      }
    }
  }
}

TEST(VideoWriter, FieldsNeedAnEncoderThatWritesThem) {
  support::ScratchFolder folder;
  write_video(folder / "v.mkv", fields("libx264", true));
  const VideoReader reader(folder / "v.mkv", choosing(Interlaced::keep));
  EncoderOptions encoder;
  encoder.codec = "libvpx-vp9";
  try {
    VideoWriter(folder / "out.mkv", reader, encoder, {});
    FAIL() << "must be refused";
  } catch (const core::Error& error) {
    EXPECT_EQ(error.kind(), core::ErrorKind::output);
    EXPECT_THAT(error.what(), HasSubstr("does not write interlaced"));
  }
}

TEST(ToneMap, OrdinaryCodesStayAndHdrIsBrightenedWithoutEverFalling) {
  EXPECT_EQ(tone_table(Transfer::sdr)[137], 137);
  for (Transfer transfer : {Transfer::pq, Transfer::hlg}) {
    const ToneTable& table = tone_table(transfer);
    EXPECT_EQ(table[0], 0);
    EXPECT_EQ(table[255], 255);
    for (std::size_t i = 1; i < table.size(); ++i) EXPECT_GE(table[i], table[i - 1]);
  }
  // BT.2408: white (203 cd/m2) is at 58 % of PQ and 75 % of HLG; 25 cd/m2, an eighth of it, at 38 % of PQ.
  EXPECT_NEAR(tone_table(Transfer::pq)[std::size_t(0.58 * 255)], 245, 6);
  EXPECT_NEAR(tone_table(Transfer::hlg)[std::size_t(0.75 * 255)], 245, 6);
  EXPECT_NEAR(tone_table(Transfer::pq)[std::size_t(0.38 * 255)], 100, 8);
}

TEST(ToneMap, TheTrackerSeesLightAndThePainterSeesCodes) {
  support::ScratchFolder folder;
  VideoSample sample;
  sample.encoder = "libx264";
  sample.format = AV_PIX_FMT_YUV420P10;
  sample.pts = regular_pts(1);
  auto look = [&](AVColorTransferCharacteristic transfer, core::ImageU8* gray, core::ImageU8* crop) {
    sample.transfer = transfer;
    write_video(folder / "v.mkv", sample);
    VideoReader reader(folder / "v.mkv");
    const std::optional<VideoFrame> frame = reader.read();
    to_gray(*frame, reader.upright_from_stored(), 1, gray);
    crop_rgb(*frame, reader.upright_from_stored(), {0, 0, sample.width, sample.height}, crop);
    return reader.info().transfer;
  };
  core::ImageU8 gray, crop, hdr_gray, hdr_crop;
  EXPECT_EQ(look(AVCOL_TRC_BT709, &gray, &crop), Transfer::sdr);
  EXPECT_EQ(look(AVCOL_TRC_SMPTE2084, &hdr_gray, &hdr_crop), Transfer::pq);
  EXPECT_EQ(crop.data, hdr_crop.data);
  ASSERT_EQ(gray.data.size(), hdr_gray.data.size());
  for (std::size_t i = 0; i < gray.data.size(); ++i)
    ASSERT_EQ(hdr_gray.data[i], tone_table(Transfer::pq)[gray.data[i]]);
}

}  // namespace
}  // namespace resyncer::media::testing
