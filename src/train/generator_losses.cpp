#include "generator_losses.h"

#include <cmath>

#include "resyncer/generator/rewired_generator.h"

namespace resyncer::train {

using torch::Tensor;

ReconstructionLoss reconstruction_loss(const Tensor& painted, const FaceBatch& batch) {
  // Three planes are faster in planar memory.
  Tensor mask = batch.mask().contiguous(), mouth = batch.mouth.contiguous();
  Tensor difference = ((painted - batch.truth) * mask).contiguous();
  Tensor area = 3 * mask.sum() + 1;
  ReconstructionLoss loss;
  Tensor weight = 1 + 2 * mouth;
  loss.l1 = (difference.abs() * weight).sum() / area;
  Tensor weighted = difference * weight, level = weighted;
  loss.gradient = torch::zeros({}, difference.options());
  for (int scale = 0; scale < 3; ++scale) {
    Tensor dx = level.slice(3, 1) - level.slice(3, 0, -1), dy = level.slice(2, 1) - level.slice(2, 0, -1);
    // Coarse levels have a quarter of the pixels each: the mean over pixels stays comparable.
    loss.gradient = loss.gradient + (dx.abs().sum() + dy.abs().sum()) / area * double(1 << (2 * scale)) / 3;
    if (scale < 2) level = torch::avg_pool2d(level, 2);
  }
  Tensor middle = weighted.slice(2, 1, -1).slice(3, 1, -1);
  Tensor laplacian = 4 * middle - weighted.slice(2, 0, -2).slice(3, 1, -1) -
                     weighted.slice(2, 2).slice(3, 1, -1) - weighted.slice(2, 1, -1).slice(3, 0, -2) -
                     weighted.slice(2, 1, -1).slice(3, 2);
  loss.laplacian = laplacian.abs().sum() / area;
  return loss;
}

Tensor coarse_part(const Tensor& residual) {
  const auto reach =
      int64_t(std::lround(generator::kResidualCm / generator::kCropWidthCm * float(residual.size(3))));
  if (reach < 1) return residual;
  namespace F = torch::nn::functional;
  Tensor padded = F::pad(residual, F::PadFuncOptions({reach, reach, reach, reach}).mode(torch::kReplicate));
  return torch::avg_pool2d(padded.contiguous(), 2 * reach + 1, 1);
}

Tensor mouth_crops(const Tensor& pictures, const FaceBatch& batch) {
  const int64_t side = pictures.size(3), crop = side / 2;
  std::vector<Tensor> crops;
  for (int64_t i = 0; i < pictures.size(0); ++i) {
    auto [x, y] = batch.mouth_middle[std::size_t(i)];
    int64_t left = std::clamp<int64_t>(x - crop / 2, 0, side - crop),
            top = std::clamp<int64_t>(y - crop / 2, 0, side - crop);
    crops.push_back(pictures.slice(0, i, i + 1).slice(2, top, top + crop).slice(3, left, left + crop));
  }
  return torch::cat(crops);
}

Tensor discriminator_step_loss(nets::Discriminator& discriminator, const Tensor& real, const Tensor& fake,
                               const Tensor& mesh, bool with_r1, double r1_weight,
                               torch::ScalarType compute) {
  Tensor loss = nets::discriminator_loss(discriminator(real.to(compute), mesh).logits,
                                         discriminator(fake.detach().to(compute), mesh).logits);
  if (with_r1) {  // in float32: squared gradients are too small for bfloat16
    Tensor watched = real.detach().clone().requires_grad_(true);
    loss = loss + r1_weight * nets::r1_penalty(discriminator(watched, mesh).logits, watched);
  }
  return loss;
}

}  // namespace resyncer::train
