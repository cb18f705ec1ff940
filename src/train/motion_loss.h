// What is wrong with predicted meshes, in terms of the face: vertices, their speed, the opening of the lips.
#pragma once

#include <torch/torch.h>

#include "resyncer/mesh/face_model.h"

namespace resyncer::train {

struct MotionLossTerms {
  torch::Tensor vertex, velocity, opening;
  torch::Tensor follow;  // 1 - correlation of the openings over a window
  torch::Tensor spread;  // how far their deviations are apart, squared, in nepers
  torch::Tensor sync;    // what the sync expert says against them (motion_sync.h); not MotionLoss's
};

class MotionLoss {
 public:
  MotionLoss(const mesh::FaceModel& face, double closure_weight);

  // predicted, target [B, L, K]; weight [B, L] (0 = no face in that frame).
  MotionLossTerms operator()(const torch::Tensor& predicted, const torch::Tensor& target,
                             const torch::Tensor& weight) const;
  // Height over width of the inner lips of the mean face, as core::mouth_openness. [..., K] -> [...]
  torch::Tensor openness(const torch::Tensor& meshes) const;
  // The same to first order about the mean face: `gradient` [K], and its value at zero. (nets::SyncFormer)
  torch::Tensor gradient() const;
  float at_rest() const;
  // Principal components of displacements [N, K] as far as vertices show them: basis [K, count], each column
  // a deviation long, and its inverse on the space that it spans [count, K] (nets::SyncFormer).
  std::pair<torch::Tensor, torch::Tensor> components(const torch::Tensor& displacements,
                                                     std::int64_t count) const;
  void to(torch::Device device);

 private:
  double closure_weight_;
  torch::Tensor
      root_;  // [K, K]: |root m|^2 = weighted squared displacement of the vertices, mean 1 a coefficient
  torch::Tensor basis_;    // [K, 6]: (62 - 66), (60 - 64)
  torch::Tensor neutral_;  // [6]
};

}  // namespace resyncer::train
