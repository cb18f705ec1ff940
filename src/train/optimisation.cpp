#include "optimisation.h"

#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "resyncer/core/error.h"

namespace resyncer::train {

std::unique_ptr<torch::optim::AdamW> make_adamw(const std::vector<nets::NamedModule>& modules, double rate,
                                                double weight_decay) {
  std::vector<torch::Tensor> decayed, free;
  for (const auto& [prefix, module] : modules)
    for (const auto& item : module->named_parameters()) {
      bool matrix = item.value().dim() >= 2 && item.key().find("position") == std::string::npos;
      (matrix ? decayed : free).push_back(item.value());
    }
  auto group = [&](std::vector<torch::Tensor> parameters, double decay) {
    auto options = std::make_unique<torch::optim::AdamWOptions>(rate);
    options->weight_decay(decay).betas({0.9, 0.98});
    return torch::optim::OptimizerParamGroup(std::move(parameters), std::move(options));
  };
  std::vector<torch::optim::OptimizerParamGroup> groups = {group(decayed, weight_decay), group(free, 0)};
  return std::make_unique<torch::optim::AdamW>(groups, torch::optim::AdamWOptions(rate));
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double cosine_rate(double done, double peak, double least) {
  return peak * (least + (1 - least) * (0.5 + 0.5 * std::cos(3.14159265358979 * done)));
}

double warmed_decay(std::int64_t step, double most) {
  return std::min(most, (1.0 + double(step)) / (10.0 + double(step)));
}

double scheduled_rate(std::int64_t step, std::int64_t steps, std::int64_t warm_up, double peak) {
  double warm = double(step + 1) / double(std::max<std::int64_t>(warm_up, 1));
  return std::min(1.0, warm) * cosine_rate(double(step) / double(steps), peak, 0.01);
}

void set_learning_rate(torch::optim::AdamW* optimizer, double rate) {
  for (auto& group : optimizer->param_groups())
    static_cast<torch::optim::AdamWOptions&>(group.options()).lr(rate);
}

void append_to_curve(const std::filesystem::path& curve, const std::string& heading, const std::string& row) {
  if (curve.empty()) return;
  std::error_code ignored;
  bool is_new = !std::filesystem::exists(curve, ignored);
  std::ofstream csv(curve, std::ios::app);
  if (is_new) csv << heading << '\n';
  csv << row << '\n';
  if (!csv.flush())
    throw core::Error(core::ErrorKind::output, "writing failed", curve.string(), "is the disk full?");
}

bool keep_if_best(const std::filesystem::path& output,
                  const std::function<void(const std::filesystem::path&)>& save,
                  const std::function<bool(const std::filesystem::path&)>& is_best) {
  auto candidate = output;
  candidate.replace_extension(".candidate" + output.extension().string());
  save(candidate);
  std::error_code error;
  bool best = false;
  try {
    best = is_best(candidate);
  } catch (...) {
    std::filesystem::remove(candidate, error);
    throw;
  }
  if (best)
    std::filesystem::rename(candidate, output, error);
  else
    std::filesystem::remove(candidate, error);
  if (error) throw core::Error(core::ErrorKind::output, error.message(), output.string());
  return best;
}

void keep_memory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 64 << 20);
}

}  // namespace resyncer::train
