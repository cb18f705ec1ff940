#pragma once

#include <torch/torch.h>

namespace resyncer::train {

// InfoNCE of stretches, both ways (train/sync.h). mouth, speech: unit vectors [B, L, E] of the same moments;
// cosines are averaged over `stretch` moments in a row, then multiplied by `sharpness`. A stretch one moment
// off is neither right nor wrong; each that is further off in the same clip counts `hard` times, for there
// are few of them among those of other clips.
torch::Tensor sync_loss(const torch::Tensor& mouth, const torch::Tensor& speech, std::int64_t stretch,
                        const torch::Tensor& sharpness, double hard = 1);

}  // namespace resyncer::train
