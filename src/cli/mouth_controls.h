#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "resyncer/pipeline/mouth_controls.h"

namespace resyncer::cli {

// What the mouth does besides speaking (docs/control.md).
struct MouthFlags {
  std::optional<float> gain, jaw_max, smooth;
  std::string offset, head = "source";
  std::vector<std::string> ranges;
  std::filesystem::path curve, motion_in, motion_out;
};
void add_mouth_options(CLI::App* command, MouthFlags* flags);

// Reads the curve file. Throws core::Error{usage, input}.
pipeline::MouthControls parse_mouth_controls(const MouthFlags& flags);

// What --motion-out will write.
std::vector<std::filesystem::path> motion_outputs(const std::filesystem::path& motion_out);

}  // namespace resyncer::cli
