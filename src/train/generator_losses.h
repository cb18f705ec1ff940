#pragma once

#include "generator_batches.h"
#include "resyncer/nets/discriminator.h"

namespace resyncer::train {

struct ReconstructionLoss {
  torch::Tensor l1;         // inside the mask, three times as heavy round the mouth
  torch::Tensor gradient;   // L1 of image gradients at three scales
  torch::Tensor laplacian;  // L1 of the Laplacian: sharpness
  // Little of the last: detail comes from the references themselves when the patch is made (generator/patch).
  torch::Tensor total() const { return 2 * l1 + gradient + 0.2 * laplacian; }
};

// All of the picture as it will be seen: `painted` inside the mask, the truth outside, so that the gradients
// also judge the seam. All are N x 3 x H x W.
ReconstructionLoss reconstruction_loss(const torch::Tensor& painted, const FaceBatch& batch);

// Of a residual (N x 3 x H x W), what a render keeps: generator::finish_painting leaves detail to the
// references.
torch::Tensor coarse_part(const torch::Tensor& residual);

// The square of half the side round the mouth, where the discriminator looks.
torch::Tensor mouth_crops(const torch::Tensor& pictures, const FaceBatch& batch);

// One step of the discriminator on real and painted mouths; every `r1_every` steps with R1, weighted up by as
// much.
torch::Tensor discriminator_step_loss(nets::Discriminator& discriminator, const torch::Tensor& real,
                                      const torch::Tensor& fake, const torch::Tensor& mesh, bool with_r1,
                                      double r1_weight, torch::ScalarType compute);

}  // namespace resyncer::train
