#include "sync_loss.h"

#include <cmath>

namespace resyncer::train {

torch::Tensor sync_loss(const torch::Tensor& mouth, const torch::Tensor& speech, std::int64_t stretch,
                        const torch::Tensor& sharpness, double hard) {
  constexpr double kNever = -1e4;
  const std::int64_t batch = mouth.size(0), moments = mouth.size(1), count = moments - stretch + 1;
  torch::Tensor cosines =
      torch::mm(mouth.flatten(0, 1), speech.flatten(0, 1).t()).view({batch, moments, batch, moments});
  torch::Tensor sum = torch::zeros({batch, count, batch, count}, mouth.options());
  for (std::int64_t i = 0; i < stretch; ++i)
    sum = sum + cosines.slice(1, i, i + count).slice(3, i, i + count);
  torch::Tensor logits = (sum * (sharpness / double(stretch))).view({batch * count, batch * count});

  torch::Tensor index =
      torch::arange(batch * count, torch::TensorOptions(torch::kInt64).device(mouth.device()));
  torch::Tensor clip = index.floor_divide(count);
  torch::Tensor same = clip.unsqueeze(1) == clip.unsqueeze(0);
  torch::Tensor apart = (index.unsqueeze(1) - index.unsqueeze(0)).abs();
  logits = logits.masked_fill(same & (apart == 1), kNever);
  if (hard != 1) logits = logits + std::log(hard) * (same & (apart > 1));
  namespace F = torch::nn::functional;
  return (F::cross_entropy(logits, index) + F::cross_entropy(logits.t(), index)) / 2;
}

}  // namespace resyncer::train
