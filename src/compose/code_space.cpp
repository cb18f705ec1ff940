#include "compose/code_space.h"

namespace resyncer::compose {

CodeSpace code_space(const media::PixelLayout& layout) {
  CodeSpace s;
  s.rgb = layout.matrix == media::ColorMatrix::rgb && layout.components == 3;
  double kr = 0.2126, kb = 0.0722;
  if (layout.matrix == media::ColorMatrix::bt601) kr = 0.299, kb = 0.114;
  if (layout.matrix == media::ColorMatrix::bt2020) kr = 0.2627, kb = 0.0593;
  s.kr = float(kr);
  s.kb = float(kb);
  s.kg = float(1 - kr - kb);

  // RGB samples use the whole range, whatever the file says of its range.
  double top = double((1 << layout.bit_depth) - 1), unit = double(1 << layout.bit_depth) / 256;
  bool full = layout.full_range || s.rgb;
  double chroma_scale = full ? top : 224 * unit;
  s.max_code = float(top);
  s.luma_scale = float(full ? top : 219 * unit);
  s.luma_offset = float(full ? 0 : 16 * unit);
  s.cb_scale = float(chroma_scale / (2 * (1 - kb)));
  s.cr_scale = float(chroma_scale / (2 * (1 - kr)));
  s.chroma_offset = float(128 * unit);
  return s;
}

void codes_from_rgb(const CodeSpace& s, const float* rgb, int n, float* c0, float* c1, float* c2) {
  if (s.rgb) {
    for (int i = 0; i < n; ++i) {
      c0[i] = s.luma_offset + s.luma_scale * clamp01(rgb[3 * i]);
      c1[i] = s.luma_offset + s.luma_scale * clamp01(rgb[3 * i + 1]);
      c2[i] = s.luma_offset + s.luma_scale * clamp01(rgb[3 * i + 2]);
    }
    return;
  }
  if (c1 == nullptr) {
    for (int i = 0; i < n; ++i) {
      float y = s.kr * clamp01(rgb[3 * i]) + s.kg * clamp01(rgb[3 * i + 1]) + s.kb * clamp01(rgb[3 * i + 2]);
      c0[i] = s.luma_offset + s.luma_scale * y;
    }
    return;
  }
  for (int i = 0; i < n; ++i) {
    float r = clamp01(rgb[3 * i]), g = clamp01(rgb[3 * i + 1]), b = clamp01(rgb[3 * i + 2]);
    float y = s.kr * r + s.kg * g + s.kb * b;
    c0[i] = s.luma_offset + s.luma_scale * y;
    c1[i] = s.chroma_offset + s.cb_scale * (b - y);
    c2[i] = s.chroma_offset + s.cr_scale * (r - y);
  }
}

void rgb_from_codes(const CodeSpace& s, const float* c0, const float* c1, const float* c2, int n,
                    float* rgb) {
  const float per_luma = 1 / s.luma_scale, per_cb = 1 / s.cb_scale, per_cr = 1 / s.cr_scale,
              per_kg = 1 / s.kg;
  if (s.rgb) {
    for (int i = 0; i < n; ++i) {
      rgb[3 * i] = clamp01(c0[i] * per_luma);
      rgb[3 * i + 1] = clamp01(c1[i] * per_luma);
      rgb[3 * i + 2] = clamp01(c2[i] * per_luma);
    }
    return;
  }
  if (c1 == nullptr) {
    for (int i = 0; i < n; ++i)
      rgb[3 * i] = rgb[3 * i + 1] = rgb[3 * i + 2] = clamp01((c0[i] - s.luma_offset) * per_luma);
    return;
  }
  for (int i = 0; i < n; ++i) {
    float y = (c0[i] - s.luma_offset) * per_luma;
    float b = y + (c1[i] - s.chroma_offset) * per_cb;
    float r = y + (c2[i] - s.chroma_offset) * per_cr;
    rgb[3 * i] = clamp01(r);
    rgb[3 * i + 1] = clamp01((y - s.kr * r - s.kb * b) * per_kg);
    rgb[3 * i + 2] = clamp01(b);
  }
}

}  // namespace resyncer::compose
