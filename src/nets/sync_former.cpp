#include "resyncer/nets/sync_former.h"

#include <cmath>

namespace resyncer::nets {

namespace {
constexpr std::int64_t kVersion = 6;
constexpr const char* kKind = "motion";
constexpr float kNeverShut = -20;  // logit
constexpr float kHidden = -1e9F;   // bias of what attention may not see; finite, so that no row becomes NaN

torch::nn::LayerNorm norm_of(std::int64_t width) {
  return torch::nn::LayerNorm(torch::nn::LayerNormOptions({width}));
}

// q [B, L, d], k and v [B, F, d], bias broadcast to [B, heads, L, F].
torch::Tensor attend(const torch::Tensor& q, const torch::Tensor& k, const torch::Tensor& v,
                     const torch::Tensor& bias, std::int64_t heads) {
  auto split = [&](const torch::Tensor& x) {
    return x.view({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
  };
  const std::int64_t width = q.size(2) / heads;
  double scale = 1.0 / std::sqrt(double(width));
  torch::Tensor weights =
      torch::softmax(torch::matmul(split(q) * scale, split(k).transpose(2, 3)) + bias, -1);
  return torch::matmul(weights, split(v)).transpose(1, 2).reshape({q.size(0), q.size(1), q.size(2)});
}

// Table [heads, n] looked up at index [L, keys]; entries outside [0, n) are hidden. -> [1, heads, L, keys]
torch::Tensor positions(const torch::Tensor& table, const torch::Tensor& index) {
  std::int64_t n = table.size(1);
  torch::Tensor hidden = (index < 0).logical_or(index >= n);
  torch::Tensor bias = table.index_select(1, index.clamp(0, n - 1).flatten());
  return bias.view({table.size(0), index.size(0), index.size(1)}).masked_fill(hidden, kHidden).unsqueeze(0);
}
}  // namespace

std::vector<ConfigField> SyncFormerConfig::fields() {
  return {{"coefficients", &coefficients, 1, 256},
          {"components", &components, 1, 256},
          {"audio", &audio, 8, 512},
          {"width", &width, 8, 512},
          {"layers", &layers, 1, 8},
          {"heads", &heads, 1, 16},
          {"feed_forward", &feed_forward, 8, 2048},
          {"history", &history, 1, 256},
          {"reach", &reach, 1, 256},
          {"style_layers", &style_layers, 1, 8},
          {"style_size", &style_size, 1, 256},
          {"direct", &direct, 0, 1}};
}

SyncBlockImpl::SyncBlockImpl(const SyncFormerConfig& c, double dropout) : heads_(c.heads), dropout_(dropout) {
  self_norm = register_module("self_norm", norm_of(c.width));
  cross_norm = register_module("cross_norm", norm_of(c.width));
  feed_norm = register_module("feed_norm", norm_of(c.width));
  qkv = register_module("qkv", torch::nn::Linear(c.width, 3 * c.width));
  self_out = register_module("self_out", torch::nn::Linear(c.width, c.width));
  cross_query = register_module("cross_query", torch::nn::Linear(c.width, c.width));
  cross_kv = register_module("cross_kv", torch::nn::Linear(c.audio, 2 * c.width));
  cross_out = register_module("cross_out", torch::nn::Linear(c.width, c.width));
  feed_in = register_module("feed_in", torch::nn::Linear(c.width, c.feed_forward));
  feed_out = register_module("feed_out", torch::nn::Linear(c.feed_forward, c.width));
  self_position = register_parameter("self_position", torch::zeros({c.heads, c.history}));
  // Audio attention begins near the frame itself, each head with another width of view.
  torch::Tensor distance = torch::abs(torch::arange(2 * c.reach) - (double(c.reach) - 0.5));
  torch::Tensor slope = torch::pow(2.0, -(torch::arange(c.heads) + 1.0)).unsqueeze(1);
  audio_position = register_parameter("audio_position", -slope * distance.unsqueeze(0));
}

torch::Tensor SyncBlockImpl::forward(const torch::Tensor& input, const torch::Tensor& audio,
                                     const torch::Tensor& self_bias, const torch::Tensor& audio_bias) {
  auto drop = [&](const torch::Tensor& t) { return torch::dropout(t, dropout_, is_training()); };
  auto parts = qkv(self_norm(input)).chunk(3, 2);
  torch::Tensor x = input + drop(self_out(attend(parts[0], parts[1], parts[2], self_bias, heads_)));
  auto kv = cross_kv(audio).chunk(2, 2);
  x = x + drop(cross_out(attend(cross_query(cross_norm(x)), kv[0], kv[1], audio_bias, heads_)));
  return x + drop(feed_out(torch::relu(feed_in(feed_norm(x)))));
}

StyleEncoderImpl::StyleEncoderImpl(const SyncFormerConfig& c, double dropout)
    : config_(c), dropout_(dropout) {
  input_ = register_module("input", torch::nn::Linear(c.components, c.width));
  for (std::int64_t i = 0; i < c.style_layers; ++i) {
    norms_->push_back(norm_of(c.width));
    qkvs_->push_back(torch::nn::Linear(c.width, 3 * c.width));
    outs_->push_back(torch::nn::Linear(c.width, c.width));
    feed_norms_->push_back(norm_of(c.width));
    feed_ins_->push_back(torch::nn::Linear(c.width, c.feed_forward));
    feed_outs_->push_back(torch::nn::Linear(c.feed_forward, c.width));
  }
  register_module("norms", norms_);
  register_module("qkvs", qkvs_);
  register_module("outs", outs_);
  register_module("feed_norms", feed_norms_);
  register_module("feed_ins", feed_ins_);
  register_module("feed_outs", feed_outs_);
  norm_ = register_module("norm", norm_of(c.width));
  code_ = register_module("code", torch::nn::Linear(c.width, c.style_size));
}

torch::Tensor StyleEncoderImpl::forward(const torch::Tensor& motion, const torch::Tensor& seen) {
  auto drop = [&](const torch::Tensor& t) { return torch::dropout(t, dropout_, is_training()); };
  torch::Tensor bias = ((1 - seen) * kHidden).unsqueeze(1).unsqueeze(1);
  torch::Tensor x = input_(motion);
  for (std::size_t i = 0; i < std::size_t(config_.style_layers); ++i) {
    auto parts = qkvs_[i]
                     ->as<torch::nn::Linear>()
                     ->forward(norms_[i]->as<torch::nn::LayerNorm>()->forward(x))
                     .chunk(3, 2);
    torch::Tensor y = attend(parts[0], parts[1], parts[2], bias, config_.heads);
    x = x + drop(outs_[i]->as<torch::nn::Linear>()->forward(y));
    y = feed_ins_[i]->as<torch::nn::Linear>()->forward(
        feed_norms_[i]->as<torch::nn::LayerNorm>()->forward(x));
    x = x + drop(feed_outs_[i]->as<torch::nn::Linear>()->forward(torch::relu(y)));
  }
  torch::Tensor weight = seen.unsqueeze(2);
  torch::Tensor mean = (norm_(x) * weight).sum(1) / weight.sum(1).clamp_min(1);
  return torch::tanh(code_(mean));
}

SyncFormerImpl::SyncFormerImpl(const SyncFormerConfig& c, double dropout) : config_(c) {
  mesh_in = register_module("mesh_in", torch::nn::Linear(c.components, c.width));
  style_in = register_module("style_in", torch::nn::Linear(c.style_size, c.width));
  mesh_out = register_module("mesh_out", torch::nn::Linear(c.width, c.components));
  gain = register_module("gain", torch::nn::Linear(c.style_size, c.components));
  out_norm = register_module("out_norm", norm_of(c.width));
  if (c.direct != 0) direct = register_module("direct", torch::nn::Linear(2 * c.audio, c.components));
  for (std::int64_t i = 0; i < c.layers; ++i) blocks->push_back(SyncBlock(c, dropout));
  register_module("blocks", blocks);
  style_encoder = register_module("style_encoder", StyleEncoder(c, dropout));
  unknown = register_parameter("unknown", torch::zeros({c.width}));
  mean_style = register_parameter("mean_style", torch::zeros({c.style_size}));
  mean_mesh = register_buffer("mean_mesh", torch::zeros({c.coefficients}));
  motion_basis = register_buffer("motion_basis", torch::eye(c.coefficients, c.components));
  motion_from_mesh = register_buffer("motion_from_mesh", torch::eye(c.components, c.coefficients));
  opening = register_buffer("opening", torch::zeros({c.coefficients}));
  opening_at_rest = register_buffer("opening_at_rest", torch::zeros({1}));
  opening_deviation = register_buffer("opening_deviation", torch::zeros({1}));
  closure = register_buffer("closure", torch::zeros({2 * c.audio + 1}));
  parting = register_buffer("parting", torch::zeros({c.coefficients}));
  torch::NoGradGuard no_grad;
  closure[2 * c.audio] = kNeverShut;
  mesh_out->weight.mul_(0.1);
  gain->weight.zero_();
  gain->bias.zero_();
}

torch::Tensor SyncFormerImpl::encode_style(const torch::Tensor& meshes, const torch::Tensor& seen) {
  return style_encoder(components_of(meshes), seen);
}

torch::Tensor SyncFormerImpl::components_of(const torch::Tensor& meshes) const {
  return torch::matmul(meshes - mean_mesh, motion_from_mesh.t());
}

torch::Tensor SyncFormerImpl::meshes_of(const torch::Tensor& components) const {
  return mean_mesh + torch::matmul(components, motion_basis.t());
}

torch::Tensor SyncFormerImpl::no_style(std::int64_t batch) const {
  return torch::tanh(mean_style).unsqueeze(0).expand({batch, config_.style_size});
}

torch::Tensor SyncFormerImpl::forward(const torch::Tensor& past, const torch::Tensor& known,
                                      const torch::Tensor& features, const torch::Tensor& inside,
                                      const torch::Tensor& style) {
  const std::int64_t length = past.size(1);
  auto integers = torch::TensorOptions(torch::kInt64).device(past.device());
  torch::Tensor frame = torch::arange(length, integers).unsqueeze(1);
  torch::Tensor self_index = frame - torch::arange(length, integers).unsqueeze(0);
  torch::Tensor audio_index = torch::arange(features.size(1), integers).unsqueeze(0) - 2 * frame;
  torch::Tensor outside = ((1 - inside) * kHidden).unsqueeze(1).unsqueeze(1);

  torch::Tensor seen = known.unsqueeze(2);
  torch::Tensor x = mesh_in(components_of(past)) * seen + unknown * (1 - seen) + style_in(style).unsqueeze(1);
  for (const auto& item : *blocks) {
    auto* block = item->as<SyncBlock>();
    x = block->forward(x, features, positions(block->self_position, self_index),
                       positions(block->audio_position, audio_index) + outside);
  }
  torch::Tensor out = mesh_out(out_norm(x));
  if (config_.direct != 0) out = out + hear(features);
  return meshes_of(out * (1 + gain(style)).unsqueeze(1));
}

torch::Tensor SyncFormerImpl::hear(const torch::Tensor& features) {
  const std::int64_t length = (features.size(1) + 2 - 2 * config_.reach) / 2;
  torch::Tensor own = features.slice(1, config_.reach - 1, config_.reach - 1 + 2 * length);
  return direct(own.reshape({own.size(0), length, 2 * own.size(2)}));
}

torch::Tensor SyncFormerImpl::forward_direct(const torch::Tensor& features, const torch::Tensor& style) {
  return meshes_of(hear(features) * (1 + gain(style)).unsqueeze(1));
}

MotionNetworks::MotionNetworks(const SpeechEncoderConfig& speech_config,
                               const SyncFormerConfig& former_config, double dropout)
    : speech(speech_config, dropout), former(former_config, dropout) {}

std::string MotionNetworks::config() const {
  SpeechEncoderConfig speech_config = speech->config();
  SyncFormerConfig former_config = former->config();
  auto fields = speech_config.fields();
  for (const auto& field : former_config.fields()) fields.push_back(field);
  return write_config(fields);
}

MotionNetworks load_motion_networks(const std::filesystem::path& path) {
  core::TensorFile file(path);
  WeightsHeader header = read_weights_header(file, kKind, kVersion);
  SpeechEncoderConfig speech_config;
  SyncFormerConfig former_config;
  auto fields = speech_config.fields();
  for (const auto& field : former_config.fields()) fields.push_back(field);
  read_config(header.config, file.place(), fields);
  if (former_config.audio != speech_config.channels || former_config.width % former_config.heads != 0 ||
      former_config.components > former_config.coefficients)
    throw core::Error(core::ErrorKind::model, "the parts of the network's config do not fit together",
                      file.place());
  MotionNetworks networks(speech_config, former_config);
  load_weights(file, networks.named());
  networks.speech->eval();
  networks.former->eval();
  return networks;
}

void save_motion_networks(const std::filesystem::path& path, const MotionNetworks& networks,
                          Precision precision) {
  save_weights(path, {kKind, kVersion, networks.config()}, networks.named(), precision);
}

}  // namespace resyncer::nets
