#include "resyncer/nets/identity_net.h"

namespace resyncer::nets {

namespace {
constexpr const char* kKind = "identity";
constexpr std::int64_t kVersion = 1;
constexpr int kTimes[] = {1, 2, 4, 6,
                          7};  // channels of the convolutions, each at half the size of the one before
constexpr int kNear = 17;      // px, width of the part that a pixel is compared with
constexpr double kLeast = 4;   // levels of gray: a contrast counts as at least that

// [1, 1, S, S]: 1 in the ellipse of the inner face; hair, temples and the jaw's edge lie outside.
torch::Tensor inner_face(std::int64_t side) {
  const torch::Tensor at = torch::linspace(-1, 1, side);
  return ((at.view({1, 1, 1, side}).square() + at.view({1, 1, side, 1}).square()) < 1).to(torch::kFloat32);
}

// At usual brightness and contrast: of the whole picture, and of what is round every pixel.
torch::Tensor without_light(const torch::Tensor& gray) {
  const torch::Tensor inside = inner_face(gray.size(3));
  const torch::Tensor count = inside.sum();
  const torch::Tensor mean = (gray * inside).sum({2, 3}, true) / count;
  const torch::Tensor deviation =
      (((gray - mean).square() * inside).sum({2, 3}, true) / count).sqrt() + kLeast;
  auto near = [](const torch::Tensor& x) {
    return torch::avg_pool2d(x, kNear, 1, kNear / 2, false, /*count_include_pad=*/false);
  };
  const torch::Tensor local = gray - near(gray);
  const torch::Tensor local_deviation = near(local.square()).sqrt() + kLeast;
  return inside * torch::cat({(gray - mean) / deviation, local / local_deviation}, 1);
}
}  // namespace

std::vector<ConfigField> IdentityNetConfig::fields() {
  return {{"side", &side, 32, 512}, {"width", &width, 8, 128}, {"embedding", &embedding, 2, 512}};
}

IdentityNetImpl::IdentityNetImpl(const IdentityNetConfig& config, double dropout)
    : config_(config), dropout_(dropout) {
  int in = 2;
  std::int64_t side = config.side;
  for (int times : kTimes) {
    const int out = times * int(config.width);
    convs_->push_back(Conv(in, out, 3, 2));
    norms_->push_back(torch::nn::GroupNorm(torch::nn::GroupNormOptions(4, out)));
    in = out;
    side = (side + 1) / 2;
  }
  register_module("convs", convs_);
  register_module("norms", norms_);
  output_ = register_module("output", torch::nn::Linear(in * side * side, config.embedding));
}

torch::Tensor IdentityNetImpl::forward(const torch::Tensor& gray) {
  torch::Tensor x = without_light(gray);
  for (std::size_t i = 0; i < convs_->size(); ++i)
    x = torch::gelu(norms_[i]->as<torch::nn::GroupNorm>()->forward(convs_[i]->as<Conv>()->forward(x)));
  const torch::Tensor out = output_(torch::dropout(x.flatten(1), dropout_, is_training()));
  return out * torch::rsqrt(out.square().sum(1, true) + 1e-6);
}

IdentityNet load_identity_net(const std::filesystem::path& path) {
  core::TensorFile file(path);
  WeightsHeader header = read_weights_header(file, kKind, kVersion);
  IdentityNetConfig config;
  read_config(header.config, file.place(), config.fields());
  if (config.width % 4 != 0)
    throw core::Error(core::ErrorKind::model, "the network's width is no multiple of 4", file.place());
  IdentityNet net(config);
  load_weights(file, {{"", net.ptr().get()}});
  net->eval();
  return net;
}

void save_identity_net(const std::filesystem::path& path, const IdentityNet& net) {
  IdentityNetConfig config = net->config();
  save_weights(path, {kKind, kVersion, write_config(config.fields())}, {{"", net.ptr().get()}});
}

}  // namespace resyncer::nets
