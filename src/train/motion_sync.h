// The sync expert as a loss of the motion model: do predicted meshes go with the speech?
#pragma once

#include <torch/torch.h>

#include <filesystem>

#include "resyncer/nets/sync_net.h"

namespace resyncer::train {

class MotionSync {
 public:
  // `expert`: of kind "sync-expert"; its weights stand still. Throws Error{model}, also where it does not
  // look at meshes of `coefficients`, and Error{usage} where a window of `frames` is too short for it.
  MotionSync(const std::filesystem::path& expert, std::int64_t coefficients, std::int64_t frames);
  void to(torch::Device device);

  // 1 - mean cosine of the meshes' vectors with those of their speech, over the moments that show a face.
  // meshes [B, L, K]; mel [B, 4 L, 80], its level taken off; seen [B, L] (0 = no face in that frame).
  torch::Tensor operator()(const torch::Tensor& meshes, const torch::Tensor& mel,
                           const torch::Tensor& seen) const;

 private:
  mutable nets::SyncNet expert_{nullptr};  // torch's forward is not const
};

}  // namespace resyncer::train
