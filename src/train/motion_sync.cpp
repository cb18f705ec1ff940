#include "motion_sync.h"

#include <string>

#include "resyncer/core/error.h"

namespace resyncer::train {

MotionSync::MotionSync(const std::filesystem::path& expert, std::int64_t coefficients, std::int64_t frames)
    : expert_(nets::load_sync_net(expert, "sync-expert")) {
  const nets::SyncNetConfig& config = expert_->config();
  if (config.coefficients != coefficients)
    throw core::Error(core::ErrorKind::model,
                      "the sync expert looks at meshes of " + std::to_string(config.coefficients) +
                          " coefficients, these have " + std::to_string(coefficients),
                      expert.string(), "use an expert that was trained with --meshes and this face model");
  if (frames <= 2 * config.context())
    throw core::Error(core::ErrorKind::usage,
                      "a window of " + std::to_string(frames) + " frames is too short for the sync expert",
                      expert.string(), "use at least " + std::to_string(2 * config.context() + 1));
  for (torch::Tensor& p : expert_->parameters()) p.set_requires_grad(false);
}

void MotionSync::to(torch::Device device) { expert_->to(device); }

torch::Tensor MotionSync::operator()(const torch::Tensor& meshes, const torch::Tensor& mel,
                                     const torch::Tensor& seen) const {
  const std::int64_t context = expert_->config().context(), moments = meshes.size(1) - 2 * context;
  const torch::Tensor cosine = (expert_->meshes(meshes, seen) * expert_->speech(mel)).sum(2);
  torch::Tensor shown = torch::ones_like(cosine);  // in all the rows that a moment's vector knows
  for (std::int64_t i = 0; i <= 2 * context; ++i) shown = shown * seen.slice(1, i, i + moments);
  return ((1 - cosine) * shown).sum() / shown.sum().clamp_min(1);
}

}  // namespace resyncer::train
