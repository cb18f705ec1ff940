#pragma once

#include <filesystem>
#include <functional>

#include "resyncer/core/feature_sequence.h"

namespace resyncer::pipeline {

// Before long work, not after. Throws Error{input} when the file has no audio stream.
void check_speech(const std::filesystem::path& speech);

// Hands on the log-mel (speech/features.h) of a speech file in pieces. Throws Error{input}.
void stream_mel(const std::filesystem::path& speech,
                const std::function<void(const core::FeatureSequence&)>& sink);

}  // namespace resyncer::pipeline
