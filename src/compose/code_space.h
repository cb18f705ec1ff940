// The affine map between RGB in [0, 1] and the integer sample codes of a frame (ITU-T H.273, sections 8.2
// and 8.3).
#pragma once

#include "resyncer/media/video_frame.h"

namespace resyncer::compose {

// Y = kr R + kg G + kb B;  code(Y) = luma_offset + luma_scale Y;
// code(Cb) = chroma_offset + cb_scale (B - Y);  code(Cr) = chroma_offset + cr_scale (R - Y).
// RGB frames: code = luma_offset + luma_scale value, for each channel.
struct CodeSpace {
  bool rgb = false;
  float kr = 0, kg = 0, kb = 0;
  float luma_scale = 0, luma_offset = 0;
  float cb_scale = 0, cr_scale = 0, chroma_offset = 0;
  float max_code = 0;
};

CodeSpace code_space(const media::PixelLayout& layout);

// n pixels of interleaved RGB to unrounded codes (c1 and c2 may be null: luma only). Values are clamped to
// [0, 1].
void codes_from_rgb(const CodeSpace& space, const float* rgb, int n, float* c0, float* c1, float* c2);
// And back, clamped to [0, 1]. c1 and c2 null: gray.
void rgb_from_codes(const CodeSpace& space, const float* c0, const float* c1, const float* c2, int n,
                    float* rgb);

// NaN becomes 0.
inline float clamp01(float v) { return v > 0 ? (v < 1 ? v : 1.F) : 0.F; }

}  // namespace resyncer::compose
