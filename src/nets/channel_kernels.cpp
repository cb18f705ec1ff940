#include "channel_kernels.h"

#include <cstring>

// GCC compiles each kernel once for every class of CPU and picks one when the program starts.
#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define RESYNCER_FOR_EACH_CPU __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define RESYNCER_FOR_EACH_CPU
#endif
#define RESYNCER_INLINE inline __attribute__((always_inline))

namespace resyncer::nets {

namespace {
constexpr float kSlope = 0.2F;

RESYNCER_INLINE float load(float v) { return v; }
RESYNCER_INLINE float load(Bf16 v) {
  std::uint32_t bits = std::uint32_t(v) << 16;
  float f;
  std::memcpy(&f, &bits, 4);
  return f;
}
RESYNCER_INLINE void store(float v, float* out) { *out = v; }
RESYNCER_INLINE void store(float v,
                           Bf16* out) {  // to nearest, ties to even; NaN stays NaN for any usual payload
  std::uint32_t bits;
  std::memcpy(&bits, &v, 4);
  *out = static_cast<Bf16>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
}

template <typename T>
RESYNCER_INLINE void scale_any(const T* x, const float* scale, T* out, std::int64_t pixels,
                               std::int64_t channels) {
  for (std::int64_t p = 0; p < pixels; ++p, x += channels, out += channels) {
    const T* __restrict a = x;
    T* __restrict o = out;
    for (std::int64_t c = 0; c < channels; ++c) store(load(a[c]) * scale[c], o + c);
  }
}

template <typename T>
RESYNCER_INLINE void scale_backward_any(const T* grad, const T* x, const float* scale, T* grad_x, float* sum,
                                        std::int64_t pixels, std::int64_t channels) {
  float* __restrict total = sum;
  for (std::int64_t p = 0; p < pixels; ++p, grad += channels, x += channels, grad_x += channels) {
    const T* __restrict g = grad;
    const T* __restrict a = x;
    T* __restrict o = grad_x;
    for (std::int64_t c = 0; c < channels; ++c) {
      float gradient = load(g[c]);
      total[c] += gradient * load(a[c]);
      store(gradient * scale[c], o + c);
    }
  }
}

RESYNCER_INLINE std::int64_t y_offset(std::int64_t j, std::int64_t channels, bool interleaved) {
  return interleaved ? (4 * (j / 2 + (j & 1)) + (j & 1)) * channels : j * channels;
}

template <typename T>
RESYNCER_INLINE void slot_any(const SlotRow<T>& row, const float* scale, const float* bias, float strength) {
  const std::int64_t channels = row.channels, extra = row.feature_channels;
  for (std::int64_t j = 0; j < row.pixels; ++j) {
    const T* __restrict y = row.y + y_offset(j, channels, row.interleaved);
    const T* __restrict e = row.features + j * extra;
    T* __restrict out = row.out + j * (channels + extra);
    for (std::int64_t c = 0; c < channels; ++c) {
      float v = load(y[c]) * scale[c] + bias[c];
      store(v > 0 ? v : kSlope * v, out + c);
    }
    out += channels;
    for (std::int64_t c = 0; c < extra; ++c) {
      float v = load(e[c]) * strength;
      store(v > 0 ? v : kSlope * v, out + c);
    }
  }
}

template <typename T>
RESYNCER_INLINE void slot_backward_any(const SlotRow<T>& row, const SlotRowGradient<T>& gradient,
                                       const float* scale, float strength) {
  const std::int64_t channels = row.channels, extra = row.feature_channels;
  float* __restrict scale_sum = gradient.sums;
  float* __restrict bias_sum = gradient.sums + channels;
  float* __restrict strength_sum = gradient.sums + 2 * channels;
  for (std::int64_t j = 0; j < row.pixels; ++j) {
    std::int64_t at = y_offset(j, channels, row.interleaved);
    const T* __restrict y = row.y + at;
    T* __restrict grad_y = gradient.grad_y + at;
    const T* __restrict out = row.out + j * (channels + extra);
    const T* __restrict grad = gradient.grad + j * (channels + extra);
    for (std::int64_t c = 0; c < channels; ++c) {
      float g = load(grad[c]) * (load(out[c]) > 0 ? 1.F : kSlope);
      scale_sum[c] += g * load(y[c]);
      bias_sum[c] += g;
      store(g * scale[c], grad_y + c);
    }
    const T* __restrict e = row.features + j * extra;
    T* __restrict grad_e = gradient.grad_features + j * extra;
    out += channels;
    grad += channels;
    for (std::int64_t c = 0; c < extra; ++c) {
      float value = load(e[c]);
      // The slope is taken from the input: at strength 0 the output is 0 everywhere and would not tell.
      float g = load(grad[c]) * (value * strength > 0 ? 1.F : kSlope);
      strength_sum[c] += g * value;
      store(g * strength, grad_e + c);
    }
  }
}
}  // namespace

RESYNCER_FOR_EACH_CPU void scale_row(const float* x, const float* scale, float* out, std::int64_t pixels,
                                     std::int64_t channels) {
  scale_any(x, scale, out, pixels, channels);
}
RESYNCER_FOR_EACH_CPU void scale_row(const Bf16* x, const float* scale, Bf16* out, std::int64_t pixels,
                                     std::int64_t channels) {
  scale_any(x, scale, out, pixels, channels);
}
RESYNCER_FOR_EACH_CPU void scale_row_backward(const float* grad, const float* x, const float* scale,
                                              float* grad_x, float* sum, std::int64_t pixels,
                                              std::int64_t channels) {
  scale_backward_any(grad, x, scale, grad_x, sum, pixels, channels);
}
RESYNCER_FOR_EACH_CPU void scale_row_backward(const Bf16* grad, const Bf16* x, const float* scale,
                                              Bf16* grad_x, float* sum, std::int64_t pixels,
                                              std::int64_t channels) {
  scale_backward_any(grad, x, scale, grad_x, sum, pixels, channels);
}
RESYNCER_FOR_EACH_CPU void slot_row(const SlotRow<float>& row, const float* scale, const float* bias,
                                    float strength) {
  slot_any(row, scale, bias, strength);
}
RESYNCER_FOR_EACH_CPU void slot_row(const SlotRow<Bf16>& row, const float* scale, const float* bias,
                                    float strength) {
  slot_any(row, scale, bias, strength);
}
RESYNCER_FOR_EACH_CPU void slot_row_backward(const SlotRow<float>& row,
                                             const SlotRowGradient<float>& gradient, const float* scale,
                                             float strength) {
  slot_backward_any(row, gradient, scale, strength);
}
RESYNCER_FOR_EACH_CPU void slot_row_backward(const SlotRow<Bf16>& row, const SlotRowGradient<Bf16>& gradient,
                                             const float* scale, float strength) {
  slot_backward_any(row, gradient, scale, strength);
}

}  // namespace resyncer::nets
