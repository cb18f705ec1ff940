#include "resyncer/nets/discriminator.h"

namespace resyncer::nets {

using torch::Tensor;

DiscriminatorImpl::DiscriminatorImpl(int width) {
  const int channels[] = {4, width, 2 * width, 4 * width, 4 * width, 1};
  for (int i = 0; i < 5; ++i)
    layers_.push_back(
        register_module("conv" + std::to_string(i), Conv(channels[i], channels[i + 1], 3, i < 3 ? 2 : 1)));
}

DiscriminatorImpl::Answer DiscriminatorImpl::forward(const Tensor& picture, const Tensor& mesh) {
  Answer answer;
  Tensor x = torch::cat({picture * 2 - 1, mesh.to(picture.scalar_type())}, 1)
                 .contiguous(torch::MemoryFormat::ChannelsLast);
  for (std::size_t i = 0; i + 1 < layers_.size(); ++i) {
    x = torch::leaky_relu(layers_[i](x), kLeakySlope);
    answer.features.push_back(x);
  }
  answer.logits = layers_.back()(x).to(torch::kFloat32);
  return answer;
}

Tensor discriminator_loss(const Tensor& real, const Tensor& fake) {
  return torch::softplus(-real).mean() + torch::softplus(fake).mean();
}

Tensor generator_loss(const Tensor& fake) { return torch::softplus(-fake).mean(); }

Tensor r1_penalty(const Tensor& real_logits, const Tensor& real_picture) {
  Tensor gradient = torch::autograd::grad({real_logits.sum()}, {real_picture}, {}, true, true)[0];
  return gradient.square().sum({1, 2, 3}).mean();
}

Tensor feature_matching(const std::vector<Tensor>& real, const std::vector<Tensor>& fake) {
  Tensor sum = torch::zeros({}, real.front().options().dtype(torch::kFloat32));
  for (std::size_t i = 0; i < real.size(); ++i) {
    Tensor target = real[i].detach().to(torch::kFloat32);
    sum = sum + (fake[i].to(torch::kFloat32) - target).abs().mean() / (target.abs().mean() + 1e-4);
  }
  return sum / double(real.size());
}

}  // namespace resyncer::nets
