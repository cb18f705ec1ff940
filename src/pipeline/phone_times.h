// When which phoneme is spoken, as scripts/phones.py writes it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "resyncer/eval/mouth_metrics.h"

namespace resyncer::pipeline {

struct Phone {
  std::string name;  // ARPAbet, as PocketSphinx's en-us model has it: "B", "IH"
  eval::TimeSpan time;
};

// Of every clip, by its file's name without ending, in seconds of its sound.
using PhoneTimes = std::map<std::string, std::vector<Phone>>;

// JSON, {"clip": [["B", "bin", 0.48, 0.54], ...], ...}. Throws Error{input}.
PhoneTimes read_phones(const std::filesystem::path& file);

// Likewise, when lips have to be shut: /p b m/.
using BilabialTimes = std::map<std::string, std::vector<eval::TimeSpan>>;
BilabialTimes read_bilabials(const std::filesystem::path& file);

// Of every 10 ms from the start of the sound on what the mouth does (articulation_classes()); the classes of
// a phone share its time evenly, and where there is none is silence.
std::vector<std::uint8_t> articulation_labels(const std::vector<Phone>& phones, std::size_t frames);

// Share of each of `rows` rows of 25 Hz, from the start of the sound on, in which lips have to be shut.
std::vector<float> shut_shares(const std::vector<eval::TimeSpan>& bilabials, std::size_t rows);

}  // namespace resyncer::pipeline
