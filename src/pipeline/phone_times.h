// When which phoneme is spoken, as scripts/phones.py writes it.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "resyncer/eval/mouth_metrics.h"

namespace resyncer::pipeline {

// Of every clip, by its file's name without ending, when lips have to be shut: /p b m/, seconds of its sound.
using BilabialTimes = std::map<std::string, std::vector<eval::TimeSpan>>;

// JSON, {"clip": [["B", "bin", 0.48, 0.54], ...], ...}. Throws Error{input}.
BilabialTimes read_bilabials(const std::filesystem::path& file);

// Share of each of `rows` rows of 25 Hz, from the start of the sound on, in which lips have to be shut.
std::vector<float> shut_shares(const std::vector<eval::TimeSpan>& bilabials, std::size_t rows);

}  // namespace resyncer::pipeline
