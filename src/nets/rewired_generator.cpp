#include "resyncer/nets/rewired_generator.h"

#include "resyncer/core/error.h"
#include "resyncer/nets/weights.h"

namespace resyncer::nets {

namespace {
namespace F = torch::nn::functional;
using torch::Tensor;

constexpr double kValidityFloor =
    1e-4;  // of a reference that does not cover the pixel: e^-9 of one that does

Tensor leaky(const Tensor& x) { return torch::leaky_relu(x, kLeakySlope); }

std::vector<ConfigField> fields_of(GeneratorShape* shape) {
  std::vector<ConfigField> fields = {{"side", &shape->side, 32, 1024},
                                     {"references", &shape->references, 1, 16},
                                     {"style", &shape->style, 1, 1024}};
  static const char* const names[kGeneratorLevels] = {"channels_1", "channels_2",  "channels_4",
                                                      "channels_8", "channels_16", "channels_32"};
  for (int i = 0; i < kGeneratorLevels; ++i)
    fields.push_back({names[i], &shape->channels[std::size_t(i)], 1, 1024});
  return fields;
}

Tensor doubled(const Tensor& x) {
  return F::interpolate(x, F::InterpolateFuncOptions()
                               .scale_factor(std::vector<double>{2, 2})
                               .mode(torch::kBilinear)
                               .align_corners(false));
}
}  // namespace

std::string write_config(const GeneratorShape& shape) {
  GeneratorShape copy = shape;
  return write_config(fields_of(&copy));
}

GeneratorShape read_generator_config(const std::string& json, const std::string& place) {
  GeneratorShape shape;
  read_config(json, place, fields_of(&shape));
  if (shape.side % 32 != 0)
    throw core::Error(core::ErrorKind::model, "the generator's side is not a multiple of 32", place);
  return shape;
}

GeneratorShape read_generator_shape(const core::TensorFile& file, std::int64_t references) {
  const WeightsHeader header = read_weights_header(file, kGeneratorKind, kGeneratorVersion);
  GeneratorShape shape = read_generator_config(header.config, file.place());
  if (shape.references != references)
    throw core::Error(core::ErrorKind::model,
                      "blends " + std::to_string(shape.references) + " references where this program has " +
                          std::to_string(references),
                      file.place(), "fetch the weights of this release");
  return shape;
}

SynthesisLevelImpl::SynthesisLevelImpl(int in, int bottom, int channels, int style, int outputs) {
  if (in > 0) {
    up = register_module("up", ModulatedConv(in, channels, 3, style, true, Resampling::up));
    up_slot = register_module("up_slot", NoiseSlot());
  }
  conv = register_module("conv", ModulatedConv(in > 0 ? 2 * channels : bottom, channels, 3, style));
  slot = register_module("slot", NoiseSlot());
  to_rgb = register_module("to_rgb", ModulatedConv(2 * channels, outputs, 1, style, false));
  torch::NoGradGuard no_grad;
  to_rgb->weight.zero_();  // so that training starts from the mean of the references
}

RewiredGeneratorImpl::RewiredGeneratorImpl(const GeneratorShape& shape) : shape_(shape) {
  const auto& c = shape_.channels;
  auto width = [&](int i) { return int(c[std::size_t(i)]); };
  int style = int(shape_.style), outputs = int(shape_.references) + 3;
  stem = register_module("stem", Conv(int(shape_.planes()), width(0), 3));
  for (int i = 1; i < kGeneratorLevels; ++i) {
    std::string level = std::to_string(i);
    down.push_back(register_module("down" + level, Conv(width(i - 1), width(i), 3, 2)));
    // The second finest level goes without: there it would cost as much as all coarser ones together.
    body.push_back(i == 1 ? Conv(nullptr) : register_module("body" + level, Conv(width(i), width(i), 3)));
  }
  int bottom = width(kGeneratorLevels - 1);
  face = register_module("face", Linear(bottom, style));
  mapping = register_module("mapping", Linear(style, style));
  constant = register_parameter("constant", torch::randn({1, bottom, 8, 8}));
  for (int i = 0; i < kGeneratorLevels; ++i) {
    int in = i + 1 < kGeneratorLevels ? 2 * width(i + 1) : 0;
    levels.push_back(register_module("synthesis" + std::to_string(i),
                                     SynthesisLevel(in, bottom, width(i), style, outputs)));
  }
  // The finest slot feeds ToRGB alone. With its strength and the weights behind it both 0, neither would ever
  // move.
  torch::NoGradGuard no_grad;
  levels[0]->to_rgb->weight.narrow(1, width(0), width(0)).normal_(0, 0.05);
}

std::vector<Tensor> RewiredGeneratorImpl::encode(const Tensor& guidance) const {
  std::vector<Tensor> features = {leaky(stem->forward(guidance))};
  for (std::size_t i = 0; i < down.size(); ++i) {
    Tensor x = leaky(down[i]->forward(features.back()));
    features.push_back(body[i].is_empty() ? x : leaky(body[i]->forward(x)));
  }
  return features;
}

Tensor RewiredGeneratorImpl::style(const Tensor& bottleneck) const {
  Tensor feature = bottleneck.to(torch::kFloat32).mean({2, 3});
  feature = feature * torch::rsqrt(feature.square().mean(1, true) + 1e-8);
  return leaky(mapping->forward(leaky(face->forward(feature))));
}

Tensor RewiredGeneratorImpl::constant_like(const Tensor& bottleneck) const {
  Tensor x = constant;
  if (bottleneck.size(2) != x.size(2) || bottleneck.size(3) != x.size(3))
    x = F::interpolate(x, F::InterpolateFuncOptions()
                              .size(std::vector<int64_t>{bottleneck.size(2), bottleneck.size(3)})
                              .mode(torch::kBilinear)
                              .align_corners(false));
  return x.to(bottleneck.scalar_type())
      .expand({bottleneck.size(0), -1, -1, -1})
      .contiguous(torch::MemoryFormat::ChannelsLast);
}

Tensor RewiredGeneratorImpl::synthesize(const std::vector<Tensor>& features, const Tensor& w) const {
  Tensor x = constant_like(features.back()), outputs;
  for (int i = kGeneratorLevels - 1; i >= 0; --i) {
    const auto& level = levels[std::size_t(i)];
    const Tensor& e = features[std::size_t(i)];
    if (!level->up.is_empty()) x = level->up_slot->forward(*level->up, x, w, e);
    x = level->slot->forward(*level->conv, x, w, e);
    Tensor rgb = level->to_rgb->forward(x, w).to(torch::kFloat32);
    outputs = outputs.defined() ? doubled(outputs) + rgb : rgb;
  }
  return outputs;
}

Painted RewiredGeneratorImpl::to_painted(const Tensor& outputs, const Tensor& validity) {
  int64_t k = validity.size(1);
  Tensor logits = outputs.slice(1, 0, k) + torch::log(validity + kValidityFloor);
  return {torch::softmax(logits, 1), torch::tanh(outputs.slice(1, k, k + 3))};
}

Painted RewiredGeneratorImpl::forward(const Tensor& guidance, torch::ScalarType compute) const {
  auto features = encode(guidance.to(compute).contiguous(torch::MemoryFormat::ChannelsLast));
  Tensor w = style(features.back());
  return to_painted(synthesize(features, w), validity_planes(guidance, shape_.references));
}

Tensor validity_planes(const Tensor& guidance, std::int64_t references) {
  return guidance.slice(1, 6 + 3, 6 + 4 * references, 4);
}

Tensor compose(const Painted& painted, const Tensor& guidance) {
  Tensor result = painted.residual;
  for (int64_t k = 0; k < painted.weights.size(1); ++k)
    result = result + painted.weights.slice(1, k, k + 1) * guidance.slice(1, 6 + 4 * k, 6 + 4 * k + 3);
  return result;
}

}  // namespace resyncer::nets
