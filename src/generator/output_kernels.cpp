#include "output_kernels.h"

#include <algorithm>
#include <cstring>

#include "resyncer/generator/guidance.h"

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define RESYNCER_FOR_EACH_CPU __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define RESYNCER_FOR_EACH_CPU
#endif
#define RESYNCER_INLINE inline __attribute__((always_inline))

namespace resyncer::generator {

namespace {
static_assert(kReferences + 3 < kOutputLanes, "the outputs must fit their lanes");
// As in nets::RewiredGenerator, whose header needs LibTorch; the test compares the two.
constexpr float kValidityFloor = 1e-4F;

RESYNCER_INLINE float load(float v) { return v; }
RESYNCER_INLINE float load(std::uint16_t v) {  // bfloat16
  std::uint32_t bits = std::uint32_t(v) << 16;
  float f;
  std::memcpy(&f, &bits, 4);
  return f;
}

// e^x for |x| <= 60 to 2e-7 relative: 2^n from the exponent bits, 2^r by its Taylor series on [-1/2, 1/2].
RESYNCER_INLINE float exponential(float x) {
  constexpr float kRound = 12582912.F;  // 1.5 * 2^23: adding it rounds to an integer
  float t = x * 1.44269504F, shifted = t + kRound, r = (t - (shifted - kRound)) * 0.693147181F;
  float p = 1.F + r * (1.F + r * (0.5F + r * (1.F / 6 + r * (1.F / 24 + r * (1.F / 120 + r * (1.F / 720))))));
  std::uint32_t n, bits;
  std::memcpy(&n, &shifted, 4);
  std::memcpy(&bits, &p, 4);
  bits += n << 23;
  std::memcpy(&p, &bits, 4);
  return p;
}

template <typename T>
RESYNCER_INLINE void add_doubled(const float* near, const float* far, const T* rgb, float* sum,
                                 std::int64_t width) {
  for (std::int64_t x = 0; x < width; ++x) {
    std::int64_t inner = x / 2,
                 outer = std::clamp<std::int64_t>((x & 1) != 0 ? inner + 1 : inner - 1, 0, width / 2 - 1);
    const float *a = near + inner * kOutputLanes, *b = near + outer * kOutputLanes,
                *c = far + inner * kOutputLanes, *d = far + outer * kOutputLanes;
    for (int k = 0; k < kOutputLanes; ++k)
      sum[x * kOutputLanes + k] =
          0.5625F * a[k] + 0.1875F * (b[k] + c[k]) + 0.0625F * d[k] + load(rgb[x * kOutputLanes + k]);
  }
}
}  // namespace

RESYNCER_FOR_EACH_CPU void add_doubled_row(const float* near, const float* far, const float* rgb, float* sum,
                                           std::int64_t width) {
  add_doubled(near, far, rgb, sum, width);
}
RESYNCER_FOR_EACH_CPU void add_doubled_row(const float* near, const float* far, const std::uint16_t* rgb,
                                           float* sum, std::int64_t width) {
  add_doubled(near, far, rgb, sum, width);
}

RESYNCER_FOR_EACH_CPU void finish_row(const float* outputs, const float* guidance, std::int64_t width,
                                      std::int64_t planes, float* weights, float* residual) {
  for (std::int64_t x = 0; x < width; ++x) {
    const float *in = outputs + x * kOutputLanes, *valid = guidance + x * planes + 6 + 3;
    float e[kOutputLanes];
    for (int k = 0; k < kOutputLanes; ++k) {
      float v = k < kReferences ? in[k] : 2 * in[k];
      v = v > 30.F ? 30.F : v;
      e[k] = exponential(v < -30.F ? -30.F : v);
    }
    float total = 0;
    for (int k = 0; k < kReferences; ++k) {
      e[k] *= valid[4 * k] + kValidityFloor;
      total += e[k];
    }
    for (int k = 0; k < kReferences; ++k) weights[x * kReferences + k] = e[k] / total;
    for (int k = 0; k < 3; ++k) residual[x * 3 + k] = 1 - 2 / (e[kReferences + k] + 1);  // tanh
  }
}

}  // namespace resyncer::generator
