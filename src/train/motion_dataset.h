// Dataset files of kinds "motion" and "sync" (docs/training.md) in memory.
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
  std::vector<float> mel;         // rows of 80; with their level taken off (speech::MelLevel) when asked for
  std::vector<float> expression;  // rows of `coefficients`
  std::vector<float> confidence, openness;
  std::vector<float> shut;          // share of a row in which /p b m/ keep the lips shut; below 0 = not known
  std::vector<std::uint8_t> mouth;  // rows of sync::kMouthHeight x kMouthWidth; of "sync" files alone
  std::vector<MotionClip> clips;
  std::vector<std::vector<int>> speakers;  // clips of each
};

enum class MelForm { raw, level };  // as inference takes it, or as the speech encoder's network does

// Of each file the part that its name tells (dataset_part.h). Throws Error{input}: not a dataset of this
// kind, extents that do not fit, values that are not finite, no clip at all; Error{usage}: a part that is
// none.
MotionDataset load_motion_datasets(const std::vector<std::filesystem::path>& files, std::int64_t coefficients,
                                   MelForm form, const std::string& kind = "motion");

}  // namespace resyncer::train
