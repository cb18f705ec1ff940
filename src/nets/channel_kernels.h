// Elementwise passes over channels-last activations, each one sweep through memory. LibTorch's own broadcasts
// of N x C x 1 x 1 over channels-last pictures take several times as long as the convolutions they stand
// between.
#pragma once

#include <cstdint>

namespace resyncer::nets {

// bfloat16 as its bits, so that loops over it vectorise.
using Bf16 = std::uint16_t;

// One row of pixels (all pointers at its start): out = x * scale.
void scale_row(const float* x, const float* scale, float* out, std::int64_t pixels, std::int64_t channels);
void scale_row(const Bf16* x, const float* scale, Bf16* out, std::int64_t pixels, std::int64_t channels);
// grad_x = grad * scale; sum[c] = sum over the row of grad * x.
void scale_row_backward(const float* grad, const float* x, const float* scale, float* grad_x, float* sum,
                        std::int64_t pixels, std::int64_t channels);
void scale_row_backward(const Bf16* grad, const Bf16* x, const float* scale, Bf16* grad_x, float* sum,
                        std::int64_t pixels, std::int64_t channels);

// One row of lrelu(cat(y * scale + bias, features * strength)). Pixel j of y lies at y + offset(j), where
// offset = (j / 2 + (j & 1)) * 4 channels + (j & 1) * channels for interleaved parts, j * channels otherwise.
template <typename T>
struct SlotRow {
  const T* y;
  const T* features;
  T* out;
  std::int64_t pixels, channels, feature_channels;
  bool interleaved;
};
void slot_row(const SlotRow<float>& row, const float* scale, const float* bias, float strength);
void slot_row(const SlotRow<Bf16>& row, const float* scale, const float* bias, float strength);

// The gradients of it. `row.out` holds the forward result. sums: for each of y's channels d/d scale, then for
// each d/d bias, then for each of the features' channels its part of d/d strength.
template <typename T>
struct SlotRowGradient {
  const T* grad;
  T* grad_y;  // laid out as y
  T* grad_features;
  float* sums;  // 2 channels + feature_channels, added to
};
void slot_row_backward(const SlotRow<float>& row, const SlotRowGradient<float>& gradient, const float* scale,
                       float strength);
void slot_row_backward(const SlotRow<Bf16>& row, const SlotRowGradient<Bf16>& gradient, const float* scale,
                       float strength);

}  // namespace resyncer::nets
