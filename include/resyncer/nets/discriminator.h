// A small patch discriminator (pix2pix) for the lower face, conditioned on the white mesh. It is used in
// training only.
#pragma once

#include <torch/torch.h>

#include <vector>

#include "resyncer/nets/layers.h"

namespace resyncer::nets {

class DiscriminatorImpl : public torch::nn::Module {
 public:
  explicit DiscriminatorImpl(int width = 32);

  struct Answer {
    torch::Tensor logits;                 // N x 1 x H/8 x W/8, float32; > 0 = real
    std::vector<torch::Tensor> features;  // of every layer, for feature matching
  };
  // picture: N x 3 x H x W; mesh: N x 1 x H x W; computed in the dtype of `picture`.
  Answer forward(const torch::Tensor& picture, const torch::Tensor& mesh);

 private:
  std::vector<Conv> layers_;
};
TORCH_MODULE(Discriminator);

// Non-saturating losses of Goodfellow et al., and R1 (Mescheder et al.): the mean squared gradient of the
// logits by the real picture, which must require gradients.
torch::Tensor discriminator_loss(const torch::Tensor& real, const torch::Tensor& fake);
torch::Tensor generator_loss(const torch::Tensor& fake);
torch::Tensor r1_penalty(const torch::Tensor& real_logits, const torch::Tensor& real_picture);
// Mean L1 distance of the features, relative to their size.
torch::Tensor feature_matching(const std::vector<torch::Tensor>& real,
                               const std::vector<torch::Tensor>& fake);

}  // namespace resyncer::nets
