// What the trainers share: AdamW, learning rates and averages over the steps, the clock, the curve on disk.
#pragma once

#include <torch/torch.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "resyncer/nets/weights.h"

namespace resyncer::train {

// Weight decay on matrices alone: biases, norms and position tables stay free.
std::unique_ptr<torch::optim::AdamW> make_adamw(const std::vector<nets::NamedModule>& modules, double rate,
                                                double weight_decay);

double seconds_since(std::chrono::steady_clock::time_point start);

// Half a cosine from `peak` down to `least` of it. `done`: share of the training, [0, 1].
double cosine_rate(double done, double peak, double least);
// Decay of averaged weights (EMA): `most`, less in the first steps, so that the first weights are soon
// forgotten.
double warmed_decay(std::int64_t step, double most);

// Linear warm-up, then half a cosine down to a hundredth of `peak`. `step`: steps done so far.
double scheduled_rate(std::int64_t step, std::int64_t steps, std::int64_t warm_up, double peak);
void set_learning_rate(torch::optim::AdamW* optimizer, double rate);

// One line of a CSV file; the heading first where the file is new. Nothing with an empty path. Throws
// Error{output}.
void append_to_curve(const std::filesystem::path& curve, const std::string& heading, const std::string& row);

// Has `save` write weights beside `output`, asks `is_best` about that very file, and puts it in output's
// place or removes it. Throws Error{output} and what the two throw; no candidate is left behind.
bool keep_if_best(const std::filesystem::path& output,
                  const std::function<void(const std::filesystem::path&)>& save,
                  const std::function<bool(const std::filesystem::path&)>& is_best);

// Keeps freed memory in the process: glibc gives large tensors back to the kernel after every layer, and page
// faults would cost more than the arithmetic.
void keep_memory();

}  // namespace resyncer::train
