// A speaker map as its file has it: the same entries out of TOML and JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace resyncer::pipeline {

struct SpeakerEntry {
  double start = 0, end = 0;  // s; any number
  std::string face;           // as on the command line
  std::string speech;         // empty = none
  std::string place;          // "map.toml, speaker 2"
};

// `map` names the text in messages. Throws Error{input} for what is no TOML or JSON, Error{usage} for entries
// of other things.
std::vector<SpeakerEntry> toml_entries(std::string_view text, const std::string& map);
std::vector<SpeakerEntry> json_entries(std::string_view text, const std::string& map);

}  // namespace resyncer::pipeline
