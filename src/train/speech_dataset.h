// Dataset files of kind "speech" (docs/training.md): the mel stays in the mapped files.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "resyncer/core/tensor_file.h"
#include "resyncer/speech/features.h"

namespace resyncer::train {

struct SpeechClip {
  const std::byte* mel = nullptr;        // [frames, 80], half precision; a file need not align it
  const std::uint8_t* labels = nullptr;  // [frames]
  std::int64_t frames = 0;
  speech::MelLevel level;

  void copy_row(std::int64_t row, float* out) const;  // kMelBands values, as stored
};

struct SpeechDataset {
  std::vector<core::TensorFile> files;
  std::vector<std::string> classes;
  std::vector<SpeechClip> training, held_out;  // by voice
};

// Throws Error{input}: not speech datasets of the same classes, extents or labels that do not fit, nothing to
// train on.
SpeechDataset load_speech_datasets(const std::vector<std::filesystem::path>& files, int held_out_every);

struct SpeechBatch {
  torch::Tensor mel;     // [B, 2 F + 2 mel_context, 80], the level taken off, as the encoder hears it
  torch::Tensor labels;  // [B, 2 F]
};

// Windows of `features` features each, from frame `first[i]` of clips[i] on; silence lies beyond a clip's
// ends.
SpeechBatch speech_windows(const std::vector<const SpeechClip*>& clips,
                           const std::vector<std::int64_t>& first, std::int64_t features,
                           std::int64_t mel_context);
SpeechBatch draw_speech(const std::vector<SpeechClip>& clips, std::int64_t batch, std::int64_t features,
                        std::int64_t mel_context, std::mt19937_64* random);

}  // namespace resyncer::train
