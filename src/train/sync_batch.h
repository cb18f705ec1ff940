// Windows of "sync" clips: those of a batch come from one file, and if wanted several from one speaker, so
// that neither the corpus nor the room nor the voice tells which sound belongs to a mouth.
#pragma once

#include <torch/torch.h>

#include <random>

#include "motion_dataset.h"
#include "resyncer/train/sync.h"

namespace resyncer::train {

struct SyncBatch {
  torch::Tensor mel;       // [B, 4 R, 80], its level taken off; R: see SyncSampler
  torch::Tensor meshes;    // [B, R, K]
  torch::Tensor pictures;  // [B, R, kSeenHeight, kSeenWidth]; undefined where not wanted

  SyncBatch to(torch::Device device) const;
};

// Of a mouth's picture the network sees so much; what is left over lets the view move a little.
constexpr std::int64_t kSeenHeight = 44, kSeenWidth = 60;

class SyncSampler {
 public:
  // Windows are options.rows long, or as long as nine clips of ten of their file allow. Throws Error{input}
  // when a file's clips do not show a face for `shortest` rows.
  SyncSampler(const MotionDataset& data, const SyncTrainOptions& options, std::int64_t shortest);
  SyncBatch draw(std::mt19937_64* random) const;

 private:
  struct Source {
    const MotionClip* clip;
    std::vector<std::int64_t> starts;  // rows of the clip that a window may begin at
  };
  struct File {
    std::int64_t rows = 0;  // of its windows
    std::vector<std::vector<Source>> speakers;
    std::vector<double> cumulative;  // probability of the speakers
  };

  const MotionDataset& data_;
  SyncTrainOptions options_;
  std::vector<File> files_;
  std::vector<double> cumulative_;  // probability of the files
};

// Deviation of the coefficients from their clip's mean, [K].
torch::Tensor usual_spread(const MotionDataset& data);

// Meshes a little larger or smaller, with noise, and drifting as those of a head that turns do; `spread` as
// above.
torch::Tensor augment_meshes(const torch::Tensor& meshes, const torch::Tensor& spread,
                             std::mt19937_64* random);

// Gray windows [B, R, H, W], levels 0 to 255: mirrored, another gamma, softer, coarser, noisier.
torch::Tensor augment_pictures(const torch::Tensor& pictures, std::mt19937_64* random);

}  // namespace resyncer::train
