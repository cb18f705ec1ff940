// Two pictures of one size and pixel format, sample by sample.
#pragma once

#include <cstdint>
#include <vector>

#include "resyncer/core/image.h"
#include "resyncer/media/video_frame.h"

namespace resyncer::pipeline {

struct SampleDifference {
  std::int64_t samples = 0, equal = 0;
  double squares = 0;  // sum over the samples, of differences in [0, 1]
  float largest = 0;   // of [0, 1]

  double psnr() const;  // dB; 100 for equal pictures
  void add(const SampleDifference& other);
};

// Whether a sample of a plane stands for touched pixels (not 0): one value a sample of its row y. `out` has
// the plane's width.
void touched_samples(const core::ImageU8& touched, int shift_x, int shift_y, int y, std::vector<char>* out);

constexpr int kDifferenceGain = 8;  // by which differences are shown
// Of two images of one size.
core::ImageU8 amplified_difference(const core::ImageU8& a, const core::ImageU8& b);

bool same_layout(const media::PixelLayout& a, const media::PixelLayout& b);

// Over all planes of two pictures with the same layout. `touched`, if given, has a value a luma pixel:
// samples that stand for a pixel where it is not 0 are left out.
SampleDifference sample_difference(const media::VideoFrame& a, const media::VideoFrame& b,
                                   const core::ImageU8* touched = nullptr);

}  // namespace resyncer::pipeline
