#include <algorithm>
#include <utility>

#include "compose/code_space.h"
#include "compose/picture.h"
#include "compose/rows.h"
#include "resyncer/core/error.h"

namespace resyncer::compose {

namespace {
// Chroma is blended as if at luma resolution and averaged down afterwards:
//   out = D(U c + a (p - U c)) = c + D(a (p - U c)),
// with U the interpolation of load_chroma_at_luma and D its inverse, D U = 1. So patch colours outside the
// mask never bleed in, an unchanged patch changes nothing, and alpha 1 leaves nothing of the old chroma. For
// left-sited chroma U is linear and D = (-1 2 6 2 -1) / 8 (the LeGall 5/3 low-pass); else U repeats and D is
// the mean of the block.
struct ChromaRow {
  static constexpr int kMargin = 2;  // reach of D, luma px

  int first = 0, last = 0;  // chroma columns that the patch can reach
  int begin = 0, end = 0;   // luma columns of these
  // Sums over the luma rows of a block; [0] is column `begin`, with kMargin columns more at both ends.
  float *alpha = nullptr, *delta[2] = {};
  float *old_chroma[2] = {}, *patch[3] = {}, *luma = nullptr, *blended = nullptr;
};

// Lays out one row's buffers in the workspace.
ChromaRow make_chroma_row(const media::PixelLayout& layout, const core::Box& roi, Workspace* workspace) {
  ChromaRow r;
  const int shift = layout.chroma_shift_x;
  r.first = std::max(0, (roi.left - ChromaRow::kMargin) >> shift);
  r.last = std::min(chroma_width(layout), ((roi.right - 1 + ChromaRow::kMargin) >> shift) + 1);
  r.begin = r.first << shift;
  r.end = r.last << shift;
  const std::size_t size = std::size_t(r.end - r.begin) + 2 * ChromaRow::kMargin + 8;
  workspace->rows.resize(10 * size);
  float* next = workspace->rows.data();
  for (float** buffer : {&r.alpha, &r.delta[0], &r.delta[1]})
    *buffer = std::exchange(next, next + size) + ChromaRow::kMargin;
  for (float** buffer :
       {&r.old_chroma[0], &r.old_chroma[1], &r.patch[0], &r.patch[1], &r.patch[2], &r.luma, &r.blended})
    *buffer = std::exchange(next, next + size);
  return r;
}

// Repeats sums beyond the frame's left and right borders; D U = 1 holds there too.
void extend(const media::PixelLayout& layout, const ChromaRow& r, float* sums) {
  if (r.begin == 0) std::fill(sums - ChromaRow::kMargin, sums, sums[0]);
  const int border = layout.width - r.begin, end = r.end - r.begin + ChromaRow::kMargin;
  if (border < end) std::fill(sums + border, sums + end, sums[border - 1]);
}

// D of one row of sums, at chroma column i (from r.first).
float average(const float* sums, int i, int shift, bool left_sited) {
  if (shift == 0) return sums[i];
  if (left_sited) {
    const float* s = sums + 2 * i;
    return (6 * s[0] + 2 * (s[-1] + s[1]) - (s[-2] + s[2])) * 0.125F;
  }
  float sum = 0;
  for (int k = 0; k < 1 << shift; ++k) sum += sums[(i << shift) + k];
  return sum / float(1 << shift);
}

// Whether the mean alpha around a chroma sample is above 0: the tent (1 2 1) for left-sited chroma, or the
// block.
bool touches(const float* alpha, int i, int shift, bool left_sited) {
  if (left_sited) return alpha[2 * i - 1] + alpha[2 * i] + alpha[2 * i + 1] > 0;
  float sum = 0;
  for (int k = 0; k < 1 << shift; ++k) sum += alpha[(i << shift) + k];
  return sum > 0;
}

std::uint8_t mask_value(float alpha) { return std::uint8_t(std::max(1, int(255 * alpha + 0.5F))); }

void raise(core::ImageU8* mask, int x, int y, std::uint8_t value) {
  mask->at(x, y) = std::max(mask->at(x, y), value);
}

// Blends the sums of one block of `rows` luma rows into chroma row y.
void write_chroma(const Picture& picture, const CodeSpace& space, const ChromaRow& r, int y, int rows,
                  float* scratch, core::ImageU8* mask) {
  const auto& layout = picture.layout;
  const int n = r.last - r.first, shift = layout.chroma_shift_x, depth = layout.bit_depth;
  const bool left = is_left_sited(layout);
  for (float* sums : {r.alpha, r.delta[0], r.delta[1]}) extend(layout, r, sums);
  const float per_row = 1 / float(rows);
  for (int c = 0; c < 2; ++c) {
    load(picture.planes[c + 1], depth, r.first, y, n, scratch);
    for (int i = 0; i < n; ++i) {
      if (!touches(r.alpha, i, shift, left)) continue;
      scratch[i] =
          std::clamp(scratch[i] + per_row * average(r.delta[c], i, shift, left), 0.F, space.max_code);
    }
    store(picture.planes[c + 1], depth, r.first, y, n, scratch);
  }
  if (mask == nullptr) return;
  for (int i = 0; i < n; ++i) {
    if (!touches(r.alpha, i, shift, left)) continue;
    const std::uint8_t value = mask_value(clamp01(per_row * average(r.alpha, i, shift, left)));
    const int x0 = (r.first + i) << shift, x1 = std::min(layout.width, x0 + (1 << shift));
    const int y0 = y << layout.chroma_shift_y;
    for (int row = y0; row < y0 + rows; ++row)
      for (int x = x0; x < x1; ++x) raise(mask, x, row, value);
  }
}

// out = old + alpha (new - old); where alpha is 0 that is exactly the old code.
void blend_row(const media::Plane& plane, int depth, const core::Box& roi, int y, const float* alpha,
               const float* target, float* scratch) {
  const int n = roi.width();
  load(plane, depth, roi.left, y, n, scratch);
  for (int i = 0; i < n; ++i) scratch[i] += clamp01(alpha[i]) * (target[i] - scratch[i]);
  store(plane, depth, roi.left, y, n, scratch);
}

void mark_row(const core::Box& roi, int y, const float* alpha, core::ImageU8* mask) {
  std::uint8_t* out = mask->row(y) + roi.left;
  for (int i = 0; i < roi.width(); ++i)
    if (alpha[i] > 0) out[i] = std::max(out[i], mask_value(clamp01(alpha[i])));
}

// The rows of luma (or of all three planes where none is subsampled in RGB) and the sums for chroma.
void blend_luma_row(const core::Patch& patch, const Picture& picture, const CodeSpace& space,
                    const core::Box& roi, int y, const ChromaRow& r) {
  const auto& layout = picture.layout;
  const int n = roi.width(), left = roi.left - patch.roi.left, top = y - patch.roi.top;
  const float* rgb = patch.rgb.row(top) + 3 * std::ptrdiff_t{left};
  const float* alpha = patch.alpha.row(top) + left;
  const bool gray = layout.components == 1;
  codes_from_rgb(space, rgb, n, r.patch[0], gray ? nullptr : r.patch[1], gray ? nullptr : r.patch[2]);
  for (int c = 0; c < (space.rgb ? 3 : 1); ++c)
    blend_row(picture.planes[c], layout.bit_depth, roi, y, alpha, r.patch[c], r.luma);
  if (gray || space.rgb) return;
  const int offset = roi.left - r.begin;
  for (int i = 0; i < n; ++i) r.alpha[offset + i] += clamp01(alpha[i]);
  for (int c = 0; c < 2; ++c) {
    float* delta = r.delta[c] + offset;
    const float *old_chroma = r.old_chroma[c] + offset, *target = r.patch[c + 1];
    for (int i = 0; i < n; ++i) delta[i] += clamp01(alpha[i]) * (target[i] - old_chroma[i]);
  }
}
}  // namespace

void check(const core::Patch& patch) {
  auto fits = [&](const core::ImageF& image, int channels) {
    return image.width == patch.roi.width() && image.height == patch.roi.height() &&
           image.channels == channels;
  };
  if (!patch.roi.empty() && (!fits(patch.rgb, 3) || !fits(patch.alpha, 1)))
    throw core::Error(core::ErrorKind::internal, "a patch's images do not have the size of its roi");
}

void composite(const core::Patch& patch, const Picture& picture, core::ImageU8* mask, Workspace* workspace) {
  check(patch);
  const auto& layout = picture.layout;
  if (mask != nullptr) {
    mask->width = layout.width, mask->height = layout.height, mask->channels = 1;
    mask->data.assign(std::size_t(layout.width) * layout.height, 0);
  }
  const core::Box roi = core::intersect(patch.roi, picture.box());
  if (roi.empty()) return;
  const CodeSpace space = code_space(layout);
  const ChromaRow r = make_chroma_row(layout, roi, workspace);
  const bool has_chroma = layout.components == 3 && !space.rgb;
  const int shift = has_chroma ? layout.chroma_shift_y : 0;
  const std::size_t sums = std::size_t(r.end - r.begin) + 2 * ChromaRow::kMargin;

  for (int block = roi.top >> shift; block <= (roi.bottom - 1) >> shift; ++block) {
    if (has_chroma) {
      for (float* s : {r.alpha, r.delta[0], r.delta[1]}) std::fill_n(s - ChromaRow::kMargin, sums, 0.F);
      for (int c = 0; c < 2; ++c)
        load_chroma_at_luma(picture, c + 1, block, r.first, r.last, r.blended, r.old_chroma[c]);
    }
    const int top = block << shift, bottom = std::min(layout.height, (block + 1) << shift);
    for (int y = std::max(top, roi.top); y < std::min(bottom, roi.bottom); ++y) {
      blend_luma_row(patch, picture, space, roi, y, r);
      if (mask != nullptr)
        mark_row(roi, y, patch.alpha.row(y - patch.roi.top) + (roi.left - patch.roi.left), mask);
    }
    if (has_chroma) write_chroma(picture, space, r, block, bottom - top, r.blended, mask);
  }
}

void read_rgb(const Picture& picture, const core::Box& roi, core::ImageF* out, Workspace* workspace) {
  out->width = roi.empty() ? 0 : roi.width(), out->height = roi.empty() ? 0 : roi.height(), out->channels = 3;
  out->data.resize(std::size_t(3) * out->width * out->height);
  if (roi.empty()) return;
  if (roi.left < 0 || roi.top < 0 || roi.right > picture.layout.width || roi.bottom > picture.layout.height)
    throw core::Error(core::ErrorKind::internal, "read_rgb: the roi leaves the frame");
  const CodeSpace space = code_space(picture.layout);
  workspace->rows.resize(load_rgb_scratch(roi.width()));
  for (int y = roi.top; y < roi.bottom; ++y)
    load_rgb(picture, space, roi.left, y, roi.width(), workspace->rows.data(), out->row(y - roi.top));
}

}  // namespace resyncer::compose
