// SHA-256 (FIPS 180-4) of files and bytes, as 64 lower-case hexadecimal digits: the keys of the analysis
// cache and the identity of models.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace resyncer::pipeline {

std::string content_hash(const void* data, std::size_t bytes);
// Reads the file in blocks, whatever its size. Throws Error{input} when it cannot be read or is no regular
// file.
std::string content_hash(const std::filesystem::path& file);

}  // namespace resyncer::pipeline
