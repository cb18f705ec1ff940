// A face's picture to a unit vector that is near to those of the same person's other pictures.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>
#include <vector>

#include "resyncer/nets/layers.h"
#include "resyncer/nets/weights.h"

namespace resyncer::nets {

struct IdentityNetConfig {
  std::int64_t side = 96;   // px
  std::int64_t width = 24;  // channels of the first convolution; the last has seven times as many
  std::int64_t embedding = 64;
  std::vector<ConfigField> fields();
};

class IdentityNetImpl : public torch::nn::Module {
 public:
  explicit IdentityNetImpl(const IdentityNetConfig& config, double dropout = 0);
  // [N, 1, side, side], gray of any range -> [N, embedding]. Brightness and contrast of a picture, and of the
  // parts of it, are taken off; what lies outside the ellipse that fills the picture is not looked at.
  torch::Tensor forward(const torch::Tensor& gray);
  const IdentityNetConfig& config() const { return config_; }

 private:
  IdentityNetConfig config_;
  double dropout_;
  torch::nn::ModuleList convs_, norms_;
  torch::nn::Linear output_{nullptr};
};
TORCH_MODULE(IdentityNet);

// Kind "identity". Throw as nets/weights.h does.
IdentityNet load_identity_net(const std::filesystem::path& path);
void save_identity_net(const std::filesystem::path& path, const IdentityNet& net);

}  // namespace resyncer::nets
