// Kinds of sound found without labels, for masked prediction (HuBERT, Hsu et al. 2021, section II.A): k-means
// over the mel, its level taken off, of the 90 ms about a frame.
#pragma once

#include <torch/torch.h>

#include <cstdint>
#include <random>
#include <vector>

#include "speech_dataset.h"

namespace resyncer::train {

// Centres of `count` units, [count, width], from the quietest to the loudest. Throws Error{input} when the
// clips have fewer frames.
torch::Tensor find_units(const std::vector<SpeechClip>& clips, int count, std::mt19937_64* random);

// Of every frame of a clip the nearest unit.
std::vector<std::uint8_t> nearest_units(const SpeechClip& clip, const torch::Tensor& centres);

}  // namespace resyncer::train
