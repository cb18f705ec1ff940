// The clips of a "speech" dataset as they are gathered (prepare_speech.h).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "resyncer/core/feature_sequence.h"
#include "resyncer/pipeline/prepare_speech.h"

namespace resyncer::pipeline {

struct SpeechRows {
  std::vector<std::uint16_t> mel;    // half precision
  std::vector<std::uint8_t> labels;  // a frame; empty when nothing is known of any
  std::vector<std::int64_t> mel_start{0};
  std::vector<std::int32_t> voice;
};

// The frames of `mel` that have a label; all of them where there are no labels.
void add_clip(const core::FeatureSequence& mel, const std::vector<std::uint8_t>& labels, int voice,
              SpeechRows* rows);

// What is in the rows; shares are empty without labels.
SpeechDataReport count(const SpeechRows& rows);

// `meta`: what else is to be told of the file. Throws Error{output}.
void write_speech(const SpeechRows& rows, const std::map<std::string, std::string>& meta,
                  const std::filesystem::path& out);

}  // namespace resyncer::pipeline
