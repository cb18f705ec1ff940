// Dataset files of kind "motion" (docs/training.md) in memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

namespace resyncer::train {

struct MotionClip {
  std::string name;
  int file = 0;
  int speaker = 0;  // unique over all files
  std::int64_t mel_start = 0, mel_frames = 0;
  std::int64_t start = 0, frames = 0;  // rows of expression, confidence, openness
};

struct MotionDataset {
  std::int64_t coefficients = 0;
  std::vector<float> mel;         // rows of 80
  std::vector<float> expression;  // rows of `coefficients`
  std::vector<float> confidence, openness;
  std::vector<MotionClip> clips;
  std::vector<std::vector<int>> speakers;  // clips of each
};

// Throws Error{input}: not a motion dataset, extents that do not fit, values that are not finite, no clip at
// all.
MotionDataset load_motion_datasets(const std::vector<std::filesystem::path>& files,
                                   std::int64_t coefficients);

}  // namespace resyncer::train
