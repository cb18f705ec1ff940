// Steps, reports, measurements and checkpoints of a training, in their order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

namespace resyncer::train {

struct LoopOptions {
  std::int64_t steps = 0,
               stop_at = 0;  // stop_at: ends there, with a checkpoint, as if interrupted; 0 = never
  double minutes = 0;        // 0 = no limit
  std::int64_t report_every = 1, evaluate_every = 1;
};

struct LoopMoment {
  double loss = 0;        // mean since the last one
  bool measured = false;  // held-out figures are due
};

// `step` counts on in `train_step`, which returns a loss; `seconds` are those of all runs. `report` comes
// every report_every steps and wherever figures are due, then `save`, where they are. Throws Error{internal}
// when the loss is no number, and what the three throw.
void run_training(const LoopOptions& options, const std::int64_t& step, double* seconds,
                  const std::function<double()>& train_step,
                  const std::function<void(const LoopMoment&)>& report, const std::function<void()>& save);

// A training begins: without `resume` its curve is a new one.
void begin_curve(const std::filesystem::path& curve, bool resume);

}  // namespace resyncer::train
