// Weights of a pre-trained speech encoder: a file of kind "speech-encoder" with the tensors named as in
// motion files.
#pragma once

#include <filesystem>

#include "resyncer/nets/speech_encoder.h"

namespace resyncer::train {

void save_speech_encoder(const std::filesystem::path& path, const nets::SpeechEncoder& encoder);

// Throws Error{model} when the file is not one or its network has another size.
void load_speech_encoder(const std::filesystem::path& path, const nets::SpeechEncoder& encoder);

}  // namespace resyncer::train
