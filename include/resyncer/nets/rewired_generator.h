// The rewired style-based generator (ReSyncer, section 3.2). The encoder's pyramid enters the synthesis
// through the noise inputs, where it says *where* things are (mesh, surroundings, warped references); the
// style W comes only from the bottleneck's face feature and says *who* it is.
//
// Beyond the paper, the answer is not a colour but blend weights over references that were warped to the
// mesh, and a residual.
#pragma once

#include <torch/torch.h>

#include <array>
#include <string>
#include <vector>

#include "resyncer/core/tensor_file.h"
#include "resyncer/nets/layers.h"

namespace resyncer::nets {

constexpr int kGeneratorLevels = 6;  // each half as wide as the one before
constexpr const char* kGeneratorKind = "rewired-generator";
constexpr std::int64_t kGeneratorVersion = 2;

struct GeneratorShape {
  std::int64_t side = 256;  // px, of the pictures it was trained for; a multiple of 32
  std::int64_t references = 4;
  std::int64_t style = 192;                                                          // width of W
  std::array<std::int64_t, kGeneratorLevels> channels = {16, 32, 64, 96, 128, 192};  // finest level first

  std::int64_t planes() const { return 6 + 4 * references; }  // as generator/guidance.h orders them
};

std::string write_config(const GeneratorShape& shape);
// Throws Error{model}.
GeneratorShape read_generator_config(const std::string& json, const std::string& place);
// Of a file of weights, which must blend so many references. Throws Error{model}.
GeneratorShape read_generator_shape(const core::TensorFile& file, std::int64_t references);

struct Painted {           // float32
  torch::Tensor weights;   // N x references x H x W, sum 1
  torch::Tensor residual;  // N x 3 x H x W, [-1, 1]
};

// One resolution of the synthesis: [up-convolution, noise slot,] convolution, noise slot, ToRGB.
class SynthesisLevelImpl : public torch::nn::Module {
 public:
  // in: channels of the level below (0 at the bottom, which has no up-convolution).
  SynthesisLevelImpl(int in, int bottom, int channels, int style, int outputs);

  ModulatedConv up{nullptr}, conv{nullptr}, to_rgb{nullptr};
  NoiseSlot up_slot{nullptr}, slot{nullptr};
};
TORCH_MODULE(SynthesisLevel);

class RewiredGeneratorImpl : public torch::nn::Module {
 public:
  explicit RewiredGeneratorImpl(const GeneratorShape& shape);

  // guidance: N x planes x H x W float32 (any layout; H and W multiples of 32); compute: bfloat16 or float32.
  Painted forward(const torch::Tensor& guidance, torch::ScalarType compute = torch::kFloat32) const;

  // The parts of forward().
  std::vector<torch::Tensor> encode(const torch::Tensor& guidance) const;  // features, finest level first
  torch::Tensor style(const torch::Tensor& bottleneck) const;              // N x style, float32
  torch::Tensor synthesize(const std::vector<torch::Tensor>& features,
                           const torch::Tensor& w) const;  // logits, residual
  torch::Tensor constant_like(const torch::Tensor& bottleneck) const;
  static Painted to_painted(const torch::Tensor& outputs, const torch::Tensor& validity);

  const GeneratorShape& shape() const { return shape_; }

  torch::Tensor constant;  // 1 x C x 8 x 8
  Conv stem{nullptr};
  std::vector<Conv> down, body;  // levels 1..; body[i] is empty at level 1
  Linear face{nullptr}, mapping{nullptr};
  std::vector<SynthesisLevel> levels;  // finest first

 private:
  GeneratorShape shape_;
};
TORCH_MODULE(RewiredGenerator);

// Planes `validity` of the references: N x references x H x W.
torch::Tensor validity_planes(const torch::Tensor& guidance, std::int64_t references);
// sum_k weights_k * reference_k + residual: N x 3 x H x W.
torch::Tensor compose(const Painted& painted, const torch::Tensor& guidance);

}  // namespace resyncer::nets
