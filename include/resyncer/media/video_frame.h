// A decoded picture in the source's own pixel format, as it lies in the file (rotation not applied). The
// compositor writes into its planes; everything it does not touch is encoded bit for bit as decoded.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "resyncer/core/geometry.h"
#include "resyncer/core/image.h"

struct AVFrame;

namespace resyncer::media {

enum class ColorMatrix { bt601, bt709, bt2020, rgb };  // rgb: the planes are R, G, B
enum class Transfer { sdr, pq, hlg };                  // what codes mean as light (ITU-R BT.2100 for HDR)

// Layout of the planes, so that compose needs no libav. Samples are 8 bit, or 9-16 bit in native-endian
// uint16.
struct PixelLayout {
  int width = 0, height = 0;  // of the luma plane, px
  int bit_depth = 8;
  int components = 3;                          // 1 = gray, 3 = colour (alpha is never touched and not listed)
  int chroma_shift_x = 0, chroma_shift_y = 0;  // log2 of the chroma subsampling
  bool full_range = false;
  bool chroma_centered = false;  // horizontally: false = left sited (MPEG-2, H.264 default), true = centre
  ColorMatrix matrix = ColorMatrix::bt709;
  Transfer transfer = Transfer::sdr;
};

struct Plane {
  std::byte* data = nullptr;
  std::ptrdiff_t stride = 0;  // bytes from row to row
  int pixel_step = 1;         // samples from pixel to pixel (2 in the chroma plane of NV12, 3 in packed RGB)
};

// Moves like a pointer; owns the AVFrame.
class VideoFrame {
 public:
  VideoFrame() = default;
  explicit VideoFrame(std::shared_ptr<AVFrame> frame);

  bool empty() const { return frame_ == nullptr; }
  std::int64_t pts() const;  // in the stream's time base
  const PixelLayout& layout() const { return layout_; }
  // Y, Cb, Cr (or R, G, B with ColorMatrix::rgb). Copies the picture first when it is shared with the
  // decoder.
  std::array<Plane, 3> writable_planes();
  std::array<Plane, 3> planes() const;  // for reading
  AVFrame* get() const { return frame_.get(); }

 private:
  std::shared_ptr<AVFrame> frame_;
  PixelLayout layout_;
};

// Upright, square-pixel views of a frame, for analysis. `upright_from_stored` undoes the display rotation and
// the sample aspect ratio (the width is scaled).
core::Affine2 upright_from_stored(int stored_width, int stored_height, int rotation_degrees,
                                  double sample_aspect);

// Whole frame in gray or RGB, in upright coordinates scaled by `scale` (1 = full resolution), as it looks on
// an ordinary screen: HDR is tone-mapped. Reuses `out`'s memory.
void to_gray(const VideoFrame& frame, const core::Affine2& upright_from_stored, float scale,
             core::ImageU8* out);
void to_rgb(const VideoFrame& frame, const core::Affine2& upright_from_stored, float scale,
            core::ImageU8* out);
// Part of the frame in RGB as it is coded (HDR is not tone-mapped), so that it can be painted with: `roi` in
// upright full-resolution pixels; outside the frame the edge is repeated.
void crop_rgb(const VideoFrame& frame, const core::Affine2& upright_from_stored, const core::Box& roi,
              core::ImageU8* out);
// The same, reduced: `scale` result pixels a pixel of the frame, at most 1.
void crop_rgb(const VideoFrame& frame, const core::Affine2& upright_from_stored, const core::Box& roi,
              float scale, core::ImageU8* out);

}  // namespace resyncer::media
