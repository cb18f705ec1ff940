// Adam for the generator, with one group of parameters for each share of the learning rate.
#pragma once

#include <torch/torch.h>

#include <optional>
#include <vector>

namespace resyncer::train {

struct GeneratorAdam {
  std::vector<double> shares;
  std::optional<torch::optim::Adam> adam;

  // All parameters of the module that want a gradient.
  GeneratorAdam(torch::nn::Module& module, double rate);
  void set_rate(double rate);
};

}  // namespace resyncer::train
