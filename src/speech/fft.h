// Eight real FFTs of 512 points side by side: one lane a frame, so that every loop is a vector operation and
// a frame's spectrum does not depend on which frames are computed with it.
#pragma once

#include <array>

namespace resyncer::speech {

constexpr int kFftSize = 512;
constexpr int kLanes = 8;
constexpr int kBins = kFftSize / 2 + 1;

using Lanes = std::array<float, kLanes>;

// Frames in time, one a lane, to power spectra |X|^2.
class PowerSpectrum {
 public:
  PowerSpectrum();
  void compute(const std::array<Lanes, kFftSize>& time, std::array<Lanes, kBins>* power);

 private:
  static constexpr int kHalf = kFftSize / 2;
  void transform();  // complex FFT of kHalf points, in place

  std::array<float, kHalf> cos_{}, sin_{};  // e^(-2 pi i k / kFftSize)
  std::array<int, kHalf> order_{};          // bit reversal
  std::array<Lanes, kHalf> real_{}, imaginary_{};
};

}  // namespace resyncer::speech
