// Windows of clips for the motion trainer: drawn by speaker, played faster or slower, their sound disguised.
#pragma once

#include <torch/torch.h>

#include <random>

#include "motion_dataset.h"
#include "resyncer/train/motion.h"

namespace resyncer::train {

struct MotionBatch {
  torch::Tensor mel;                // [B, 2 F + 2 mel_context, 80], F = 2 L + 2 reach - 2
  torch::Tensor inside;             // [B, F]
  torch::Tensor target, weight;     // [B, L, K], [B, L]
  torch::Tensor past, known;        // [B, L, K], [B, L]: the mesh before
  torch::Tensor style, style_seen;  // [B, S, K], [B, S]
  torch::Tensor style_used;         // [B]: 0 = the mean style instead

  MotionBatch to(torch::Device device) const;
};

class MotionSampler {
 public:
  // `mel_context`: of the speech encoder, mel frames.
  MotionSampler(const MotionDataset& data, const MotionTrainOptions& options, std::int64_t mel_context);
  MotionBatch draw(std::mt19937_64* random) const;

 private:
  // What is heard beyond the ends of a clip: another clip, or silence (null); and whether the recording
  // begins or ends with the window, so that nothing is known beyond.
  struct Surroundings {
    const MotionClip *before = nullptr, *after = nullptr;
    bool begins = false, ends = false;
  };
  const MotionClip& draw_clip(const std::vector<int>& speaker, std::mt19937_64* random) const;
  void draw_window(const MotionClip& clip, const Surroundings& around, double first, double tempo,
                   std::int64_t row, MotionBatch* batch) const;
  void draw_style(const MotionClip& clip, std::int64_t row, std::mt19937_64* random,
                  MotionBatch* batch) const;

  const MotionDataset& data_;
  MotionTrainOptions options_;
  std::int64_t mel_context_;
  std::vector<double> cumulative_;  // probability of the speakers
};

// Hard augmentation of normalised log-mel windows [B, T, 80], so that the network hears words, not
// recordings.
torch::Tensor augment_mel(const torch::Tensor& mel, std::mt19937_64* random);

// Past meshes as a roll-out would see them: some windows know nothing of the past, in others tokens are
// missing or off, by errors in the directions of `motion_basis` (nets::SyncFormer).
void disturb_history(const MotionTrainOptions& options, const torch::Tensor& motion_basis,
                     std::mt19937_64* random, MotionBatch* batch);

}  // namespace resyncer::train
