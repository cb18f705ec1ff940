// The compositor on libav's own frames, through the public interface.
#include <gtest/gtest.h>

extern "C" {
#include <libavutil/frame.h>
#include <libavutil/pixdesc.h>
}

#include <algorithm>

#include "resyncer/compose/compositor.h"

namespace resyncer::compose {
namespace {

constexpr int kWidth = 37, kHeight = 29;

media::VideoFrame make_frame(AVPixelFormat format) {
  std::shared_ptr<AVFrame> frame(av_frame_alloc(), [](AVFrame* f) { av_frame_free(&f); });
  frame->format = format;
  frame->width = kWidth;
  frame->height = kHeight;
  EXPECT_EQ(av_frame_get_buffer(frame.get(), 0), 0);
  const AVPixFmtDescriptor* d = av_pix_fmt_desc_get(format);
  const int depth = d->comp[0].depth;
  for (int plane = 0; plane < 4 && frame->data[plane] != nullptr; ++plane) {
    const bool chroma = plane == 1 || plane == 2;
    const int rows = chroma ? -((-kHeight) >> d->log2_chroma_h) : kHeight;
    const int samples = frame->linesize[plane] / (depth > 8 ? 2 : 1);
    for (int y = 0; y < rows; ++y) {
      for (int i = 0; i < samples; ++i) {
        const int code = (1 << (depth - 1)) + ((i * 5 + y * 3 + plane) % 16 << (depth - 8));
        if (depth <= 8)
          (frame->data[plane] + y * frame->linesize[plane])[i] = std::uint8_t(code);
        else
          reinterpret_cast<std::uint16_t*>(frame->data[plane] + y * frame->linesize[plane])[i] =
              std::uint16_t(code << d->comp[0].shift);
      }
    }
  }
  return media::VideoFrame(frame);
}

std::vector<std::uint8_t> bytes_of(const media::VideoFrame& frame) {
  std::vector<std::uint8_t> all;
  const AVPixFmtDescriptor* d = av_pix_fmt_desc_get(AVPixelFormat(frame.get()->format));
  for (int plane = 0; plane < 4 && frame.get()->data[plane] != nullptr; ++plane) {
    const bool chroma = plane == 1 || plane == 2;
    const int rows = chroma ? -((-kHeight) >> d->log2_chroma_h) : kHeight;
    const std::uint8_t* data = frame.get()->data[plane];
    for (int y = 0; y < rows; ++y, data += frame.get()->linesize[plane])
      all.insert(all.end(), data, data + frame.get()->linesize[plane]);
  }
  return all;
}

class EveryFormat : public testing::TestWithParam<AVPixelFormat> {};

TEST_P(EveryFormat, OwnColoursChangeNothingAndOthersStayInsideTheMask) {
  media::VideoFrame frame = make_frame(GetParam());
  const auto before = bytes_of(frame);
  core::Patch patch;
  patch.roi = {5, 3, 30, 24};
  read_rgb(frame, patch.roi, &patch.rgb);
  patch.alpha = core::ImageF(25, 21, 1, 0.7F);
  core::ImageU8 mask;
  composite(patch, &frame, &mask);
  EXPECT_EQ(bytes_of(frame), before);
  EXPECT_EQ(mask.width, kWidth);
  EXPECT_GT(mask.at(6, 4), 0);
  EXPECT_EQ(mask.at(36, 28), 0);

  std::fill(patch.rgb.data.begin(), patch.rgb.data.end(), 1.F);
  composite(patch, &frame, &mask);
  core::ImageF now;
  read_rgb(frame, {0, 0, kWidth, kHeight}, &now);
  EXPECT_GT(now.at(12, 12, 1), 0.8F);
  media::VideoFrame untouched = make_frame(GetParam());
  core::ImageF then;
  read_rgb(untouched, {0, 0, kWidth, kHeight}, &then);
  for (int c = 0; c < 3; ++c) EXPECT_EQ(now.at(1, 12, c), then.at(1, 12, c));
}

TEST_P(EveryFormat, ASharedPictureIsCopiedNotChanged) {
  media::VideoFrame frame = make_frame(GetParam());
  std::shared_ptr<AVFrame> reference(av_frame_clone(frame.get()), [](AVFrame* f) { av_frame_free(&f); });
  media::VideoFrame other(reference);
  const auto before = bytes_of(other);
  core::Patch patch{{0, 0, 8, 8}, core::ImageF(8, 8, 3, 1.F), core::ImageF(8, 8, 1, 1.F)};
  composite(patch, &frame);
  EXPECT_EQ(bytes_of(other), before);
  EXPECT_NE(bytes_of(frame), before);
}

std::string format_name(const testing::TestParamInfo<AVPixelFormat>& format) {
  return av_get_pix_fmt_name(format.param);
}

INSTANTIATE_TEST_SUITE_P(Libav, EveryFormat,
                         testing::Values(AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUVJ420P, AV_PIX_FMT_YUV422P,
                                         AV_PIX_FMT_YUV444P, AV_PIX_FMT_YUV410P, AV_PIX_FMT_YUV411P,
                                         AV_PIX_FMT_YUV420P10LE, AV_PIX_FMT_YUV422P10LE,
                                         AV_PIX_FMT_YUV444P12LE, AV_PIX_FMT_YUVA420P, AV_PIX_FMT_NV12,
                                         AV_PIX_FMT_NV21, AV_PIX_FMT_P010LE, AV_PIX_FMT_GRAY8,
                                         AV_PIX_FMT_GRAY10LE, AV_PIX_FMT_RGB24, AV_PIX_FMT_BGR24,
                                         AV_PIX_FMT_RGBA, AV_PIX_FMT_GBRP, AV_PIX_FMT_GBRP10LE),
                         format_name);

}  // namespace
}  // namespace resyncer::compose
