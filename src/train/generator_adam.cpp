#include "generator_adam.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>

namespace resyncer::train {

namespace {
using torch::Tensor;

constexpr double kRgbChannels = 16;  // of a ToRGB that learns at the full rate

// A parameter's share of the learning rate. A noise slot's strength is one number that starts at 0, and at
// the weights' rate it would take most of the training to open the slot. ToRGB sums up to 384 channels
// straight into the picture: at the weights' rate one step of Adam, whose steps have the same size for every
// weight, moves the picture by a quarter of the range of colours, and training diverges.
double share_of_rate(const std::string& name, const Tensor& parameter) {
  if (name.find("strength") != std::string::npos) return 4;
  if (name.find("to_rgb") != std::string::npos &&
      parameter.dim() > 1)  // its styles too: nothing divides by them
    return std::min(1.0, kRgbChannels / double(parameter.size(1)));
  return 1;
}
}  // namespace

GeneratorAdam::GeneratorAdam(torch::nn::Module& module, double rate) {
  std::map<double, std::vector<Tensor>> parameters;
  for (const auto& item : module.named_parameters())
    if (item.value().requires_grad())
      parameters[share_of_rate(item.key(), item.value())].push_back(item.value());
  const auto options = torch::optim::AdamOptions(rate).betas({0.9, 0.99});
  std::vector<torch::optim::OptimizerParamGroup> groups;
  for (const auto& [share, group] : parameters) {
    shares.push_back(share);
    groups.emplace_back(group, std::make_unique<torch::optim::AdamOptions>(options));
  }
  adam.emplace(groups, options);
}

void GeneratorAdam::set_rate(double rate) {
  auto& groups = adam->param_groups();
  for (std::size_t i = 0; i < groups.size(); ++i)
    static_cast<torch::optim::AdamOptions&>(groups[i].options()).lr(rate * shares[i]);
}

}  // namespace resyncer::train
