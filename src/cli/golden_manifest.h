#pragma once

#include <filesystem>
#include <vector>

#include "resyncer/pipeline/golden.h"

namespace resyncer::cli {

// The cases of a TOML file: [[case]] tables with `name`, `video`, `speech` and any option of render by its
// long name. Relative paths are taken from the current folder. Throws core::Error{usage, input}.
std::vector<pipeline::GoldenCase> read_golden_manifest(const std::filesystem::path& file);

}  // namespace resyncer::cli
