#include "pipeline/picture_difference.h"

#include <gtest/gtest.h>

#include <cmath>

extern "C" {
#include <libavutil/frame.h>
}

namespace resyncer::pipeline {
namespace {

media::VideoFrame picture(AVPixelFormat format) {
  std::shared_ptr<AVFrame> frame(av_frame_alloc(), [](AVFrame* f) { av_frame_free(&f); });
  frame->width = 9, frame->height = 7, frame->format = format;
  av_frame_get_buffer(frame.get(), 0);
  for (int c = 0; c < 3; ++c) {
    const int rows = c == 0 ? 7 : 4;
    std::fill_n(frame->data[c], std::ptrdiff_t(frame->linesize[c]) * rows, std::uint8_t(1));
  }
  return media::VideoFrame(frame);
}

std::byte& sample(media::VideoFrame* frame, std::size_t plane, int x, int y) {
  const media::Plane p = frame->writable_planes()[plane];
  return p.data[y * p.stride + x];
}

TEST(SampleDifference, CountsEverySampleOfEveryPlane) {
  media::VideoFrame a = picture(AV_PIX_FMT_YUV420P), b = picture(AV_PIX_FMT_YUV420P);
  const std::int64_t samples = 9 * 7 + 2 * 5 * 4;
  EXPECT_EQ(sample_difference(a, b).samples, samples);
  EXPECT_EQ(sample_difference(a, b).equal, samples);
  EXPECT_EQ(sample_difference(a, b).psnr(), 100.0);
  sample(&b, 0, 8, 6) = std::byte{52};  // 0.2 of 255 more
  sample(&b, 2, 4, 3) = std::byte{0};
  const SampleDifference d = sample_difference(a, b);
  EXPECT_EQ(d.equal, samples - 2);
  EXPECT_FLOAT_EQ(d.largest, 0.2F);
  EXPECT_NEAR(d.psnr(), -10 * std::log10((0.04 + 1 / 255.0 / 255.0) / double(samples)), 1e-5);
}

TEST(SampleDifference, TouchedPixelsAndTheirChromaAreLeftOut) {
  media::VideoFrame a = picture(AV_PIX_FMT_YUV420P), b = picture(AV_PIX_FMT_YUV420P);
  core::ImageU8 touched(9, 7, 1);
  touched.at(3, 2) = 1;
  sample(&b, 0, 3, 2) = std::byte{9};
  sample(&b, 1, 1, 1) = std::byte{9};
  SampleDifference d = sample_difference(a, b, &touched);
  EXPECT_EQ(d.samples, 9 * 7 + 2 * 5 * 4 - 3);
  EXPECT_EQ(d.equal, d.samples);
  sample(&b, 0, 2, 2) = std::byte{9};  // the pixel beside it
  EXPECT_EQ(sample_difference(a, b, &touched).equal, d.samples - 1);
}

TEST(SampleDifference, DeepSamplesAreOfTheirOwnRange) {
  media::VideoFrame a = picture(AV_PIX_FMT_YUV420P10), b = picture(AV_PIX_FMT_YUV420P10);
  reinterpret_cast<std::uint16_t*>(b.writable_planes()[0].data)[0] += 511;
  EXPECT_NEAR(sample_difference(a, b).largest, 511.F / 1023, 1e-6);
  EXPECT_FALSE(same_layout(a.layout(), picture(AV_PIX_FMT_YUV420P).layout()));
  EXPECT_TRUE(same_layout(a.layout(), b.layout()));
}

}  // namespace
}  // namespace resyncer::pipeline
