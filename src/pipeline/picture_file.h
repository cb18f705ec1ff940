// RGB pictures as files and as parts of files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "resyncer/core/image.h"

namespace resyncer::pipeline {

// Throws Error{output}.
std::vector<std::uint8_t> to_jpeg(const core::ImageU8& rgb, int quality);
// The format follows the name. The file appears whole or not at all. Throws Error{output}.
void write_picture(const core::ImageU8& rgb, const std::filesystem::path& path);

}  // namespace resyncer::pipeline
