// Dataset files of kinds "speech" and "motion" (docs/training.md), of which pre-training hears the sound: the
// mel stays in the mapped files.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "resyncer/core/tensor_file.h"
#include "resyncer/speech/features.h"

namespace resyncer::train {

struct SpeechClip {
  const std::byte* mel = nullptr;        // [frames, 80], half precision; a file need not align it
  const std::uint8_t* labels = nullptr;  // [frames], in the file or in SpeechDataset::units
  std::int64_t frames = 0;
  speech::MelLevel level;

  void copy_row(std::int64_t row, float* out) const;  // kMelBands values, as stored
};

struct SpeechDataset {
  std::vector<core::TensorFile> files;
  std::vector<std::string> classes;
  std::vector<SpeechClip> training, held_out;    // by voice
  std::vector<std::vector<std::uint8_t>> units;  // labels that were found, not read
};

// What speech is labelled with.
struct SpeechLabels {
  int units = 0;           // so many units of sound (speech_units.h); 0 = what the files say
  std::uint64_t seed = 1;  // of the units
};

// Of each file the part that its name tells (dataset_part.h); of "motion" files, whose speakers are the
// voices, units alone can be asked for. Throws Error{input}: not such datasets, other classes than in the
// file before, extents or labels that do not fit, nothing to train on; Error{usage}: a part that is none.
SpeechDataset load_speech_datasets(const std::vector<std::filesystem::path>& files, int held_out_every,
                                   const SpeechLabels& labels = {});

struct SpeechBatch {
  torch::Tensor mel;     // [B, 2 F + 2 mel_context, 80], the level taken off, as the encoder hears it
  torch::Tensor labels;  // [B, 2 F]; kNotAsked: this frame counts for nothing
  std::vector<std::pair<std::int64_t, std::int64_t>>
      spoken;  // frames of a window that its clip has: [first, end)
};
constexpr std::int64_t kNotAsked = -100;  // what LibTorch's cross entropy passes over

// Windows of `features` features each, from frame `first[i]` of clips[i] on; silence lies beyond a clip's
// ends.
SpeechBatch speech_windows(const std::vector<const SpeechClip*>& clips,
                           const std::vector<std::int64_t>& first, std::int64_t features,
                           std::int64_t mel_context);
SpeechBatch draw_speech(const std::vector<SpeechClip>& clips, std::int64_t batch, std::int64_t features,
                        std::int64_t mel_context, std::mt19937_64* random);

// Masked prediction (HuBERT, Hsu et al. 2021, eq. 1 with alpha = 1): hides stretches of 200 ms until `share`
// of the frames that each clip has are hidden. Their mel becomes 0, the level of the recording; their labels
// alone are asked for.
void hide_stretches(double share, std::int64_t mel_context, std::mt19937_64* random, SpeechBatch* batch);

}  // namespace resyncer::train
