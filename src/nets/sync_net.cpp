#include "resyncer/nets/sync_net.h"

#include <cmath>

namespace resyncer::nets {

namespace {
constexpr std::int64_t kVersion = 2;
constexpr int kChannels[] = {16, 32, 48,
                             48};  // of the mouth's encoder, each at half the size of the one before
constexpr int kBandChannels[] = {16, 32, 48};  // of the bands' encoder, likewise
constexpr std::int64_t kAtOnce = 512;  // pictures, so that long clips need no more memory than short ones
constexpr double kDarkest = 4;         // levels of gray: a picture's contrast counts as at least that

// Over the rows within `reach` of each; 0: over all, for all of them.
torch::Tensor mean_where(const torch::Tensor& x, const torch::Tensor& seen, std::int64_t reach) {
  auto sum = [&](const torch::Tensor& values) {
    if (reach == 0) return values.sum(1, true);
    const std::int64_t rows = values.size(1);
    const torch::Tensor until =
        torch::cat({torch::zeros_like(values.slice(1, 0, 1)), values.cumsum(1)}, 1);  // each row
    const torch::Tensor row = torch::arange(rows, torch::TensorOptions(torch::kInt64).device(x.device()));
    return until.index_select(1, (row + reach + 1).clamp_max(rows)) -
           until.index_select(1, (row - reach).clamp_min(0));
  };
  return sum(x * seen) / sum(seen).clamp_min(1);
}
}  // namespace

std::vector<ConfigField> SyncNetConfig::fields() {
  return {{"mel_bands", &mel_bands, 1, 512}, {"coefficients", &coefficients, 0, 512},
          {"height", &height, 0, 256},       {"width_px", &width_px, 0, 256},
          {"width", &width, 8, 512},         {"embedding", &embedding, 2, 512},
          {"blocks", &blocks, 1, 8},         {"dilated", &dilated, 0, 1},
          {"banded", &banded, 0, 1},         {"mean_reach", &mean_reach, 0, 1000}};
}

std::int64_t SyncNetConfig::context() const {
  std::int64_t sum = 0;
  for (std::int64_t i = 0; i < blocks; ++i) sum += dilation(i);
  return sum;
}

TimeTowerImpl::TimeTowerImpl(std::int64_t in, const SyncNetConfig& config, double dropout)
    : config_(config), dropout_(dropout) {
  input_ = register_module("input", torch::nn::Linear(in, config.width));
  for (std::int64_t i = 0; i < config.blocks; ++i) {
    norms_->push_back(torch::nn::LayerNorm(torch::nn::LayerNormOptions({config.width})));
    convs_->push_back(TimeConv(config.width, config.width, 3, 1, config.dilation(i)));
  }
  register_module("norms", norms_);
  register_module("convs", convs_);
  output_ = register_module("output", torch::nn::Linear(config.width, config.embedding));
}

torch::Tensor TimeTowerImpl::forward(const torch::Tensor& x) {
  torch::Tensor h = input_(x);
  for (std::int64_t i = 0; i < config_.blocks; ++i) {
    const auto at = std::size_t(i);
    torch::Tensor y = torch::gelu(norms_[at]->as<torch::nn::LayerNorm>()->forward(h));
    y = convs_[at]->as<TimeConv>()->forward(torch::dropout(y, dropout_, is_training()));
    const std::int64_t edge = config_.dilation(i);
    h = h.slice(1, edge, h.size(1) - edge) + y;
  }
  torch::Tensor out = output_(torch::gelu(h));
  return out * torch::rsqrt(out.square().sum(2, true) + 1e-6);
}

BandEncoderImpl::BandEncoderImpl(const SyncNetConfig& config) {
  std::int64_t in = kMelPerRow, bands = config.mel_bands;
  for (int out : kBandChannels) {
    convs_->push_back(torch::nn::Conv1d(torch::nn::Conv1dOptions(in, out, 5).stride(2).padding(2)));
    bands = (bands + 1) / 2;
    in = out;
  }
  register_module("convs", convs_);
  output_ = register_module("output", torch::nn::Linear(in * bands, config.width));
}

torch::Tensor BandEncoderImpl::forward(torch::Tensor x) {
  for (std::size_t i = 0; i < convs_->size(); ++i)
    x = torch::gelu(convs_[i]->as<torch::nn::Conv1d>()->forward(x));
  return output_(x.flatten(1));
}

MouthEncoderImpl::MouthEncoderImpl(const SyncNetConfig& config) {
  int in = 2;
  std::int64_t height = config.height, width = config.width_px;
  for (int out : kChannels) {
    convs_->push_back(Conv(in, out, 3, 2));
    norms_->push_back(torch::nn::GroupNorm(torch::nn::GroupNormOptions(4, out)));
    height = (height + 1) / 2, width = (width + 1) / 2;
    in = out;
  }
  register_module("convs", convs_);
  register_module("norms", norms_);
  output_ = register_module("output", torch::nn::Linear(in * height * width, config.width));
}

torch::Tensor MouthEncoderImpl::forward(torch::Tensor x) {
  for (std::size_t i = 0; i < convs_->size(); ++i)
    x = torch::gelu(norms_[i]->as<torch::nn::GroupNorm>()->forward(convs_[i]->as<Conv>()->forward(x)));
  return output_(x.flatten(1));
}

SyncNetImpl::SyncNetImpl(const SyncNetConfig& config, double dropout) : config_(config) {
  const bool banded = config.banded != 0;
  if (banded) bands = register_module("bands", BandEncoder(config));
  speech_tower = register_module(
      "speech", TimeTower(banded ? config.width : kMelPerRow * config.mel_bands, config, dropout));
  if (config.sees_meshes())
    mesh_tower = register_module("meshes", TimeTower(2 * config.coefficients, config, dropout));
  if (config.sees_pictures()) {
    mouth = register_module("mouth", MouthEncoder(config));
    picture_tower = register_module("pictures", TimeTower(config.width, config, dropout));
  }
  spread = register_buffer("spread", torch::ones({std::max<std::int64_t>(config.coefficients, 1)}));
  sharpness = register_parameter("sharpness", torch::full({1}, std::log(10.)));
}

torch::Tensor SyncNetImpl::speech(const torch::Tensor& mel) {
  const std::int64_t size = mel.size(0), rows = mel.size(1) / kMelPerRow;
  if (!bands) return speech_tower(mel.reshape({size, rows, kMelPerRow * config_.mel_bands}));
  const torch::Tensor sounds = bands(mel.reshape({size * rows, kMelPerRow, config_.mel_bands}));
  return speech_tower(sounds.view({size, rows, config_.width}));
}

// Shapes and how they change. The velocity of the first and last row is zero.
torch::Tensor SyncNetImpl::meshes(const torch::Tensor& coefficients, const torch::Tensor& seen) {
  const torch::Tensor where = seen.unsqueeze(2);
  const torch::Tensor x =
      (coefficients - mean_where(coefficients, where, config_.mean_reach)) / spread * where;
  const std::int64_t rows = x.size(1);
  torch::Tensor velocity = torch::zeros_like(x);
  if (rows > 2)
    velocity = torch::constant_pad_nd(2 * (x.slice(1, 2) - x.slice(1, 0, rows - 2)), {0, 0, 1, 1});
  return mesh_tower(torch::cat({x, velocity}, 2));
}

// Two planes: the picture at usual light and contrast, and what differs in it from the mean picture.
torch::Tensor SyncNetImpl::pictures(const torch::Tensor& gray, const torch::Tensor& seen) {
  const torch::Tensor where = seen.unsqueeze(2).unsqueeze(3);
  const torch::Tensor mean = mean_where(gray, where, config_.mean_reach);
  const torch::Tensor level = mean.mean({2, 3}, true);
  const torch::Tensor contrast =
      mean_where((gray - level).square(), where, config_.mean_reach).mean({2, 3}, true).sqrt() + kDarkest;
  std::vector<torch::Tensor> parts;
  for (std::int64_t b = 0; b < gray.size(0); ++b)
    for (std::int64_t from = 0; from < gray.size(1); from += kAtOnce) {
      auto part = [&](const torch::Tensor& all) {
        return all.size(1) == 1 ? all[b] : all[b].slice(0, from, from + kAtOnce);
      };
      const torch::Tensor planes = torch::stack({part(gray) - part(level), part(gray) - part(mean)}, 1);
      parts.push_back(mouth(planes / part(contrast).unsqueeze(1) * part(where).unsqueeze(1)));
    }
  return picture_tower(torch::cat(parts).view({gray.size(0), gray.size(1), config_.width}));
}

SyncNet load_sync_net(const std::filesystem::path& path, const std::string& kind) {
  core::TensorFile file(path);
  WeightsHeader header = read_weights_header(file, kind, kVersion);
  SyncNetConfig config;
  read_config(header.config, file.place(), config.fields());
  if ((!config.sees_meshes() && !config.sees_pictures()) || (config.height > 0) != (config.width_px > 0))
    throw core::Error(core::ErrorKind::model, "the parts of the network's config do not fit together",
                      file.place());
  SyncNet net(config);
  load_weights(file, {{"", net.ptr().get()}});
  net->eval();
  return net;
}

void save_sync_net(const std::filesystem::path& path, const std::string& kind, const SyncNet& net,
                   Precision precision) {
  SyncNetConfig config = net->config();
  save_weights(path, {kind, kVersion, write_config(config.fields())}, {{"", net.ptr().get()}}, precision);
}

}  // namespace resyncer::nets
