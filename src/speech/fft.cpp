#include "fft.h"

#include <cmath>

namespace resyncer::speech {

PowerSpectrum::PowerSpectrum() {
  int bits = 0;
  while ((1 << bits) < kHalf) ++bits;
  for (int i = 0; i < kHalf; ++i) {
    double angle = -2 * 3.14159265358979323846 * i / kFftSize;
    cos_[std::size_t(i)] = float(std::cos(angle));
    sin_[std::size_t(i)] = float(std::sin(angle));
    int reversed = 0;
    for (int b = 0; b < bits; ++b) reversed |= ((i >> b) & 1) << (bits - 1 - b);
    order_[std::size_t(i)] = reversed;
  }
}

void PowerSpectrum::transform() {
  for (int size = 2; size <= kHalf; size *= 2) {
    const auto half = std::size_t(size / 2), step = std::size_t(kFftSize / size);
    for (std::size_t k = 0; k < half; ++k) {
      float wr = cos_[k * step], wi = sin_[k * step];
      for (std::size_t start = k; start < kHalf; start += 2 * half) {
        Lanes &ar = real_[start], &ai = imaginary_[start];
        Lanes &br = real_[start + half], &bi = imaginary_[start + half];
        for (int l = 0; l < kLanes; ++l) {
          float tr = br[l] * wr - bi[l] * wi, ti = br[l] * wi + bi[l] * wr;
          br[l] = ar[l] - tr;
          bi[l] = ai[l] - ti;
          ar[l] += tr;
          ai[l] += ti;
        }
      }
    }
  }
}

// The even samples as real and the odd ones as imaginary part of a transform of half the size, then taken
// apart.
void PowerSpectrum::compute(const std::array<Lanes, kFftSize>& time, std::array<Lanes, kBins>* power) {
  for (std::size_t i = 0; i < kHalf; ++i) {
    real_[std::size_t(order_[i])] = time[2 * i];
    imaginary_[std::size_t(order_[i])] = time[2 * i + 1];
  }
  transform();
  for (int k = 0; k <= kHalf; ++k) {
    const Lanes &ar = real_[std::size_t(k % kHalf)], &ai = imaginary_[std::size_t(k % kHalf)];
    const Lanes &br = real_[std::size_t((kHalf - k) % kHalf)],
                &bi = imaginary_[std::size_t((kHalf - k) % kHalf)];
    float wr = k < kHalf ? cos_[std::size_t(k)] : -1.F, wi = k < kHalf ? sin_[std::size_t(k)] : 0.F;
    Lanes& out = (*power)[std::size_t(k)];
    for (int l = 0; l < kLanes; ++l) {
      float even_r = 0.5F * (ar[l] + br[l]), even_i = 0.5F * (ai[l] - bi[l]);
      float odd_r = 0.5F * (ai[l] + bi[l]), odd_i = 0.5F * (br[l] - ar[l]);
      float re = even_r + odd_r * wr - odd_i * wi, im = even_i + odd_r * wi + odd_i * wr;
      out[l] = re * re + im * im;
    }
  }
}

}  // namespace resyncer::speech
