// Figures of merit, on plain images and sequences. Pictures are [0, 1]; `mask` picks the pixels that count (>
// 0.5).
#pragma once

#include <vector>

#include "resyncer/core/image.h"

namespace resyncer::eval {

// Peak signal-to-noise ratio over all channels of the masked pixels, dB; 100 for equal pictures.
double psnr(const core::ImageF& a, const core::ImageF& b, const core::ImageF& mask);

// Structural similarity (Wang et al. 2004; Gaussian window of 11 px, sigma 1.5, K 0.01/0.03) of the luma,
// mean over the mask.
double ssim(const core::ImageF& a, const core::ImageF& b, const core::ImageF& mask);

// Variance of the 4-neighbour Laplacian of the luma over the mask: sharpness.
double laplacian_variance(const core::ImageF& image, const core::ImageF& mask);

struct LagCorrelation {
  double value = 0;  // Pearson, 0 when either sequence is constant
  int lag = 0;       // b is read at i + lag
};
// Best correlation of two sequences over lags in [-max_lag, max_lag]; frames whose `weight` (of b) is 0 do
// not count.
LagCorrelation best_lag_correlation(const std::vector<float>& a, const std::vector<float>& b,
                                    const std::vector<float>& weight, int max_lag);

}  // namespace resyncer::eval
