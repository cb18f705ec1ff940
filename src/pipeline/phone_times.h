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

}  // namespace resyncer::pipeline
