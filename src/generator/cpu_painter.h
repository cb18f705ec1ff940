// The generator's forward pass for one frame on the CPU: the same numbers as nets::RewiredGenerator, in fewer
// sweeps through memory.
#pragma once

#include "resyncer/generator/rewired_generator.h"
#include "resyncer/nets/rewired_generator.h"

namespace resyncer::generator {

class CpuPainter {
 public:
  // Copies what it needs; `compute` is bfloat16 or float32.
  CpuPainter(nets::RewiredGenerator network, torch::ScalarType compute);

  // Thread-safe.
  void paint(const Guidance& guidance, Painting* out) const;

 private:
  struct Layer {  // a modulated convolution, ready to run
    nets::ModulatedConv source{nullptr};
    torch::Tensor kernel;  // in the compute dtype, channels-last
    torch::Tensor energy;  // in x out: squared weights summed over taps; undefined for ToRGB
  };
  struct Level {
    Layer up, conv, to_rgb;  // up.source is empty at the bottom
    torch::Tensor up_strength, strength;
  };
  Layer prepare(nets::ModulatedConv conv, int outputs) const;
  nets::ModulatedConvImpl::Raw convolve(const Layer& layer, const torch::Tensor& x,
                                        const torch::Tensor& w) const;
  torch::Tensor to_rgb(const Layer& layer, const torch::Tensor& x, const torch::Tensor& w) const;
  std::vector<torch::Tensor> encode(const torch::Tensor& guidance) const;

  nets::RewiredGenerator network_;
  torch::ScalarType compute_;
  struct EncoderConv {
    torch::Tensor kernel, bias;
    int stride;
    bool ends_level;  // its output is a level's feature
  };
  std::vector<EncoderConv> encoder_;
  std::vector<Level> levels_;
};

}  // namespace resyncer::generator
