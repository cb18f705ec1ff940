// A training that can be resumed: everything the next step depends on, in one safetensors file. A run that is
// saved, loaded and continued gives the same numbers as one that was never interrupted.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "resyncer/nets/weights.h"

namespace resyncer::train {

// What a checkpoint holds, by reference: save reads through it, load writes through it. Averaged weights
// (EMA) are modules like any other.
struct TrainingState {
  std::vector<nets::NamedModule> modules;
  // Adam or AdamW, each with its prefix ("generator.", "discriminator.", ...).
  std::vector<std::pair<std::string, torch::optim::Optimizer*>> optimizers;
  std::int64_t* step = nullptr;
  std::vector<std::pair<std::string, double*>> figures;  // e.g. the best held-out figure so far
  std::mt19937_64* random = nullptr;  // the sampler's; torch's own generators are saved too
};

// `header`: the kind of training, its version, and the config that a resumed run must share (compared as
// text). Weights in float32; written to a temporary name, then renamed. Throws Error{output}.
void save_checkpoint(const std::filesystem::path& path, const nets::WeightsHeader& header,
                     const TrainingState& state);

// Throws Error{model} when the file is damaged, of another kind, version or config, or does not fit the
// networks.
void load_checkpoint(const std::filesystem::path& path, const nets::WeightsHeader& header,
                     const TrainingState& state);

// Seeds `random` and torch's generators (CPU, and CUDA where there is one).
void seed_all(std::uint64_t seed, std::mt19937_64* random);

// target += (source - target) * (1 - decay), over parameters; buffers are copied.
void update_average(torch::nn::Module* target, const torch::nn::Module& source, double decay);

}  // namespace resyncer::train
