#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "resyncer/pipeline/render.h"

namespace resyncer::cli {

// --speaker START-END:FACE:FILE, repeatable, and --speakers MAP.toml|MAP.json.
struct SpeakerFlags {
  std::vector<std::string> turns;
  std::filesystem::path map;
};
// After the options that speakers exclude.
void add_speaker_options(CLI::App* command, SpeakerFlags* flags);

// The turns of both, by their start. `others`: what else was asked of the render. Throws core::Error{usage,
// input}.
std::vector<pipeline::Speaker> read_speakers(const SpeakerFlags& flags,
                                             const pipeline::RenderOptions& others);

}  // namespace resyncer::cli
