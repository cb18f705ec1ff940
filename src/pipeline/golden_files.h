// Pictures of a record as they are kept.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "resyncer/core/image.h"

namespace resyncer::pipeline {

// Throws Error{input} for what is no picture of at most 1024 px a side.
core::ImageU8 from_jpeg(const std::vector<std::uint8_t>& bytes, const std::string& place);

}  // namespace resyncer::pipeline
