// Figures of one picture against another. Pictures are [0, 1], R, G, B or gray, of one size; `mask` picks the
// pixels that count (> 0.5).
#pragma once

#include "resyncer/core/image.h"

namespace resyncer::eval {

// Peak signal-to-noise ratio over all channels of the masked pixels, dB; 100 for equal pictures.
double psnr(const core::ImageF& a, const core::ImageF& b, const core::ImageF& mask);

// Structural similarity (Wang et al. 2004; Gaussian window of 11 px, sigma 1.5, K 0.01/0.03) of the luma,
// mean over the mask.
double ssim(const core::ImageF& a, const core::ImageF& b, const core::ImageF& mask);

// Variance of the 4-neighbour Laplacian of the luma over the mask: sharpness.
double laplacian_variance(const core::ImageF& image, const core::ImageF& mask);

// Multi-scale gradient error (after Li & Snavely 2018): length of the difference of the luma's gradients,
// mean over the mask, then over three scales, each the 2 x 2 means of the one before. A pixel counts at a
// coarser scale when half of it lies in the mask. Of [0, 1] a pixel of the scale; 0 = the same edges.
double gradient_error(const core::ImageF& a, const core::ImageF& b, const core::ImageF& mask);

}  // namespace resyncer::eval
