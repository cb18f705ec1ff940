// Windows of "sync" clips: several of one speaker in a batch, so that neither the room nor the voice tells
// which sound belongs to a mouth.
#pragma once

#include <torch/torch.h>

#include <random>

#include "motion_dataset.h"
#include "resyncer/train/sync.h"

namespace resyncer::train {

struct SyncBatch {
  torch::Tensor mel;       // [B, 4 R, 80], its level taken off
  torch::Tensor meshes;    // [B, R, K]
  torch::Tensor pictures;  // [B, R, kSeenHeight, kSeenWidth]; undefined where not wanted

  SyncBatch to(torch::Device device) const;
};

// Of a mouth's picture the network sees so much; what is left over lets the view move a little.
constexpr std::int64_t kSeenHeight = 44, kSeenWidth = 60;

class SyncSampler {
 public:
  // Throws Error{input} when no clip shows a face for as long as a window.
  SyncSampler(const MotionDataset& data, const SyncTrainOptions& options);
  SyncBatch draw(std::mt19937_64* random) const;

 private:
  struct Source {
    const MotionClip* clip;
    std::vector<std::int64_t> starts;  // rows of the clip that a window may begin at
  };

  const MotionDataset& data_;
  SyncTrainOptions options_;
  std::vector<std::vector<Source>> speakers_;
  std::vector<double> cumulative_;  // probability of the speakers
};

// Deviation of the coefficients from their clip's mean, [K].
torch::Tensor usual_spread(const MotionDataset& data);

// Meshes a little larger or smaller, with noise; `spread` as above.
torch::Tensor augment_meshes(const torch::Tensor& meshes, const torch::Tensor& spread,
                             std::mt19937_64* random);

// Gray windows [B, R, H, W], levels 0 to 255: mirrored, another gamma, softer, coarser, noisier.
torch::Tensor augment_pictures(const torch::Tensor& pictures, std::mt19937_64* random);

}  // namespace resyncer::train
