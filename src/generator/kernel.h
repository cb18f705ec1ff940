// Sampling of 8-bit RGB pictures with a 4 x 4 kernel (private to generator): as sharp as the source where the
// scale stays, averaging where the picture shrinks.
#pragma once

#include <array>
#include <cstdint>

#include "resyncer/core/image.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace resyncer::generator {

// Four floats, elementwise arithmetic (GCC and Clang); here R, G, B and a fourth that is free.
using Float4 = float __attribute__((vector_size(16)));

inline Float4 splat(float v) { return Float4{v, v, v, v}; }
inline Float4 max(Float4 a, Float4 b) { return a > b ? a : b; }  // NaN in `a` gives b
inline Float4 min(Float4 a, Float4 b) { return a < b ? a : b; }

// Weights of the four samples round a position as a polynomial of its fraction t in [0, 1):
// c[0] + c[1] t + c[2] t^2 + c[3] t^3. They sum to 1.
struct Kernel {
  std::array<Float4, 4> c;

  Float4 operator()(float t) const { return c[0] + t * (c[1] + t * (c[2] + t * c[3])); }
};

// `shrink`: source px a target px. Up to 1 Catmull-Rom, which keeps the sharpness that bilinear sampling
// would halve; at 2 and above a tent of two px, the right average for half the size; smoothly from one to the
// other, so that nothing pops in time.
inline Kernel kernel_for(float shrink) {
  constexpr std::array<Float4, 4> cubic{Float4{0, 1, 0, 0}, Float4{-0.5F, 0, 0.5F, 0},
                                        Float4{1, -2.5F, 2, -0.5F}, Float4{-0.5F, 1.5F, -1.5F, 0.5F}};
  constexpr std::array<Float4, 2> tent{Float4{0.25F, 0.5F, 0.25F, 0}, Float4{-0.25F, -0.25F, 0.25F, 0.25F}};
  const float s = shrink > 1 ? (shrink < 2 ? shrink - 1 : 1.F) : 0.F;
  return {{(1 - s) * cubic[0] + s * tent[0], (1 - s) * cubic[1] + s * tent[1], (1 - s) * cubic[2],
           (1 - s) * cubic[3]}};
}

// Any position, the edge repeated; slow.
Float4 sample_near_edge(const core::ImageU8& image, const Kernel& kernel, float x, float y);

// RGB in [0, 1] at a position (centres at +0.5; any, NaN too; the edge is repeated). The fourth is 0.
// The picture must not be empty.
inline Float4 sample(const core::ImageU8& image, const Kernel& kernel, float x, float y) {
#if defined(__SSE2__)
  const float fx = x - 0.5F, fy = y - 0.5F;
  // Two px to every side, and room for a load of 16 bytes.
  if (!(fx >= 1 && fy >= 1 && fx < float(image.width - 4) && fy < float(image.height - 3)))
    return sample_near_edge(image, kernel, x, y);
  const int x0 = int(fx), y0 = int(fy);
  const std::size_t stride = std::size_t(image.width) * 3;
  const std::uint8_t* p = image.data.data() + std::size_t(y0 - 1) * stride + std::size_t(x0 - 1) * 3;
  auto row = [&](std::size_t i) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + i * stride)); };
  const __m128i r0 = row(0), r1 = row(1), r2 = row(2), r3 = row(3), zero = _mm_setzero_si128();
  // Down, in integers of 14 fractional bits: 12 columns of samples, two rows a multiplication.
  const __m128i down = _mm_cvtps_epi32(__m128(kernel(fy - float(y0)) * 16384.F));
  const __m128i pairs = _mm_packs_epi32(down, down);
  const __m128i w01 = _mm_shuffle_epi32(pairs, 0x00), w23 = _mm_shuffle_epi32(pairs, 0x55);
  const __m128i a01 = _mm_unpacklo_epi8(r0, r1), b01 = _mm_unpackhi_epi8(r0, r1);
  const __m128i a23 = _mm_unpacklo_epi8(r2, r3), b23 = _mm_unpackhi_epi8(r2, r3);
  auto both = [&](__m128i upper, __m128i lower) {
    return Float4(_mm_cvtepi32_ps(_mm_add_epi32(_mm_madd_epi16(upper, w01), _mm_madd_epi16(lower, w23))));
  };
  Float4 a = both(_mm_unpacklo_epi8(a01, zero), _mm_unpacklo_epi8(a23, zero));  // R0 G0 B0 R1
  Float4 b = both(_mm_unpackhi_epi8(a01, zero), _mm_unpackhi_epi8(a23, zero));  // G1 B1 R2 G2
  Float4 c = both(_mm_unpacklo_epi8(b01, zero), _mm_unpacklo_epi8(b23, zero));  // B2 R3 G3 B3
  // Across.
  const __m128 w = __m128(kernel(fx - float(x0)));
  a *= Float4(_mm_shuffle_ps(w, w, _MM_SHUFFLE(1, 0, 0, 0)));
  b *= Float4(_mm_shuffle_ps(w, w, _MM_SHUFFLE(2, 2, 1, 1)));
  c *= Float4(_mm_shuffle_ps(w, w, _MM_SHUFFLE(3, 3, 3, 2)));
  const __m128i ai = _mm_castps_si128(__m128(a)), bi = _mm_castps_si128(__m128(b)),
                ci = _mm_castps_si128(__m128(c));
  const Float4 second = Float4(_mm_castsi128_ps(_mm_or_si128(_mm_srli_si128(ai, 12), _mm_slli_si128(bi, 4))));
  const Float4 third = Float4(_mm_castsi128_ps(_mm_or_si128(_mm_srli_si128(bi, 8), _mm_slli_si128(ci, 8))));
  const Float4 fourth = Float4(_mm_castsi128_ps(_mm_srli_si128(ci, 4)));
  constexpr float kUnit = 1.F / (255.F * 16384.F);
  const Float4 rgb = ((a + second) + (third + fourth)) * Float4{kUnit, kUnit, kUnit, 0};
  return Float4(_mm_min_ps(_mm_max_ps(__m128(rgb), _mm_setzero_ps()), _mm_set1_ps(1.F)));
#else
  return sample_near_edge(image, kernel, x, y);
#endif
}

}  // namespace resyncer::generator
