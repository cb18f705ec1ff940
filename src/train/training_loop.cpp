#include "training_loop.h"

#include <chrono>
#include <cmath>
#include <string>

#include "optimisation.h"
#include "resyncer/core/error.h"

namespace resyncer::train {

void run_training(const LoopOptions& options, const std::int64_t& step, double* seconds,
                  const std::function<double()>& train_step,
                  const std::function<void(const LoopMoment&)>& report, const std::function<void()>& save) {
  const double seconds_before = *seconds;
  const auto begin = std::chrono::steady_clock::now();
  double sum = 0;
  std::int64_t summed = 0;
  while (step < options.steps) {
    sum += train_step();
    ++summed;
    const double elapsed = seconds_since(begin);
    *seconds = seconds_before + elapsed;
    const bool last = step == options.steps || step == options.stop_at ||
                      (options.minutes > 0 && elapsed > 60 * options.minutes);
    const bool measured = last || step % options.evaluate_every == 0;
    if (measured || step % options.report_every == 0) {
      const LoopMoment moment{sum / double(summed), measured};
      if (!std::isfinite(moment.loss))
        throw core::Error(core::ErrorKind::internal,
                          "the training has diverged at step " + std::to_string(step), "",
                          "use a lower learning rate");
      report(moment);
      sum = 0, summed = 0;
    }
    if (measured) save();
    if (last) break;
  }
}

void begin_curve(const std::filesystem::path& curve, bool resume) {
  std::error_code ignored;
  if (!resume && !curve.empty()) std::filesystem::remove(curve, ignored);
}

}  // namespace resyncer::train
