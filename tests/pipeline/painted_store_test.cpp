// What a render has painted, put away and taken up again.
#include "pipeline/painted_store.h"

#include <gtest/gtest.h>

extern "C" {
#include <libavutil/frame.h>
#include <libavutil/pixdesc.h>
}

#include <fstream>
#include <iterator>
#include <random>

#include "support/scratch_folder.h"

namespace resyncer::pipeline {
namespace {

constexpr int kWidth = 53, kHeight = 37;  // squares at the borders are cut off, chroma is rounded up

media::VideoFrame noise(AVPixelFormat format, unsigned seed) {
  std::shared_ptr<AVFrame> frame(av_frame_alloc(), [](AVFrame* f) { av_frame_free(&f); });
  frame->format = format;
  frame->width = kWidth;
  frame->height = kHeight;
  EXPECT_EQ(av_frame_get_buffer(frame.get(), 0), 0);
  std::mt19937 random(seed);
  for (AVBufferRef* buffer : frame->buf)
    for (std::size_t i = 0; buffer != nullptr && i < buffer->size; ++i)
      buffer->data[i] = std::uint8_t(random() & 3);
  return media::VideoFrame(frame);
}

// Every coded sample of the planes, by luma position, in one string.
std::string samples_of(const media::VideoFrame& frame) {
  const media::PixelLayout& l = frame.layout();
  std::string all;
  for (int c = 0; c < l.components; ++c) {
    const media::Plane plane = frame.planes()[std::size_t(c)];
    const std::size_t bytes = l.bit_depth > 8 ? 2 : 1;
    const int sx = c > 0 ? l.chroma_shift_x : 0, sy = c > 0 ? l.chroma_shift_y : 0;
    for (int y = 0; y < l.height; ++y)
      for (int x = 0; x < l.width; ++x)
        all.append(reinterpret_cast<const char*>(plane.data + (y >> sy) * plane.stride) +
                       std::size_t(x >> sx) * bytes * std::size_t(plane.pixel_step),
                   bytes);
  }
  return all;
}

core::ImageU8 mask_at(std::vector<core::Point2> points) {
  core::ImageU8 mask(kWidth, kHeight, 1);
  for (const core::Point2& p : points) mask.at(int(p.x()), int(p.y())) = 77;
  return mask;
}

class PaintedSquaresOf : public ::testing::TestWithParam<AVPixelFormat> {};

TEST_P(PaintedSquaresOf, TheAlteredFrameComesBackSampleForSample) {
  const media::VideoFrame source = noise(GetParam(), 1), painted = noise(GetParam(), 2);
  std::vector<core::Point2> everywhere;
  for (int y = 0; y < kHeight; y += 4)
    for (int x = 0; x < kWidth; x += 4) everywhere.emplace_back(float(x), float(y));
  everywhere.emplace_back(float(kWidth - 1), float(kHeight - 1));
  const core::ImageU8 mask = mask_at(everywhere);
  const PaintedSquares squares = take_squares(painted, mask);
  EXPECT_EQ(squares.places.size(), 4U * 3U);
  media::VideoFrame again = noise(GetParam(), 1);
  core::ImageU8 mask_again;
  put_squares(squares, &again, &mask_again);
  EXPECT_TRUE(samples_of(again) == samples_of(painted));
  EXPECT_EQ(mask_again.data, mask.data);
}

TEST_P(PaintedSquaresOf, OnlySquaresOfTheMaskAreTaken) {
  const PaintedSquares squares = take_squares(noise(GetParam(), 2), mask_at({{20, 20}}));
  EXPECT_EQ(squares.places, std::vector<std::uint32_t>{5});  // second row of four columns, second
  media::VideoFrame frame = noise(GetParam(), 1);
  core::ImageU8 mask;
  put_squares(squares, &frame, &mask);
  const std::string before = samples_of(noise(GetParam(), 1)), after = samples_of(frame);
  const std::size_t bytes = frame.layout().bit_depth > 8 ? 2 : 1;
  bool inside_changed = false;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const std::size_t pixel = i / bytes % (std::size_t(kWidth) * kHeight);
    const std::size_t x = pixel % kWidth, y = pixel / kWidth;
    const bool inside = x / 16 == 1 && y / 16 == 1;
    if (!inside) {
      ASSERT_EQ(before[i], after[i]) << "sample at " << x << ", " << y;
    } else {
      inside_changed = inside_changed || before[i] != after[i];
    }
  }
  EXPECT_TRUE(inside_changed);
}

INSTANTIATE_TEST_SUITE_P(Formats, PaintedSquaresOf,
                         ::testing::Values(AV_PIX_FMT_YUV420P, AV_PIX_FMT_NV12, AV_PIX_FMT_YUV422P10,
                                           AV_PIX_FMT_YUV444P, AV_PIX_FMT_GRAY8, AV_PIX_FMT_RGB24,
                                           AV_PIX_FMT_GBRP),
                         [](const auto& test) { return std::string(av_get_pix_fmt_name(test.param)); });

class PaintedStoreFile : public ::testing::Test {
 protected:
  PaintedSquares frame(unsigned seed) {
    return take_squares(noise(AV_PIX_FMT_YUV420P, seed), mask_at({{float(seed), 5}, {30, float(seed)}}));
  }
  void keep(unsigned frames) {
    PaintedStore store(file);
    EXPECT_FALSE(store.read(layout));
    for (unsigned i = 0; i < frames; ++i) store.add(frame(i));
  }
  // How many frames come back whole and right.
  unsigned kept() {
    PaintedStore store(file);
    unsigned count = 0;
    while (std::optional<PaintedSquares> squares = store.read(layout)) {
      EXPECT_EQ(squares->places, frame(count).places);
      EXPECT_TRUE(squares->samples == frame(count).samples);
      ++count;
    }
    return count;
  }
  std::string bytes() {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  void write(const std::string& bytes) { std::ofstream(file, std::ios::binary) << bytes; }

  support::ScratchFolder scratch;
  std::filesystem::path file = scratch.file("folder/job.painted");
  media::PixelLayout layout = noise(AV_PIX_FMT_YUV420P, 0).layout();
};

TEST_F(PaintedStoreFile, WhatWasAddedIsReadInOrder) {
  keep(5);
  EXPECT_EQ(kept(), 5U);
}

TEST_F(PaintedStoreFile, ATornTailIsDroppedAndTheStoreGoesOnBehindTheRest) {
  keep(5);
  const std::string whole = bytes();
  for (std::size_t cut :
       {whole.size() - 1, whole.size() - 700, whole.size() / 2, std::size_t(3), std::size_t(0)}) {
    write(whole.substr(0, cut));
    unsigned before = kept();
    EXPECT_LT(before, 5U);
    {
      PaintedStore store(file);
      while (store.read(layout)) {
      }
      for (unsigned i = before; i < 6; ++i) store.add(frame(i));
    }
    EXPECT_EQ(kept(), 6U);
  }
}

TEST_F(PaintedStoreFile, ADamagedByteCostsWhatFollowsItAndNothingElse) {
  keep(4);
  const std::string whole = bytes();
  std::mt19937 random(5);
  for (int i = 0; i < 60; ++i) {
    std::string damaged = whole;
    damaged[random() % damaged.size()] ^= char(1 + random() % 255);
    write(damaged);
    EXPECT_LT(kept(), 4U);
  }
}

TEST_F(PaintedStoreFile, FramesOfAnotherSizeAreNotTaken) {
  keep(2);
  layout.width = 400;
  PaintedStore store(file);
  EXPECT_FALSE(store.read(layout));
}

TEST_F(PaintedStoreFile, ASecondProcessKeepsNothing) {
  keep(3);
  PaintedStore first(file), second(file);
  EXPECT_TRUE(first.read(layout));
  EXPECT_FALSE(second.read(layout));
  second.add(frame(0));
  second.remove();
  EXPECT_TRUE(std::filesystem::exists(file));
}

TEST_F(PaintedStoreFile, GoesWhenTheResultIsWhole) {
  keep(1);
  PaintedStore(file).remove();
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(PaintedStoreFile, AFolderThatCannotBeMadeMeansNothingIsKept) {
  file = "/proc/nowhere/job.painted";
  keep(2);
  EXPECT_EQ(kept(), 0U);
}

}  // namespace
}  // namespace resyncer::pipeline
