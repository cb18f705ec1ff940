#pragma once

#include <filesystem>
#include <vector>

namespace resyncer::cli {

// Throws core::Error{usage} when one of `outputs` is one of `inputs`. Empty paths count for nothing.
void spare_inputs(const std::vector<std::filesystem::path>& outputs,
                  const std::vector<std::filesystem::path>& inputs);

enum class Overwrite { ask, always, never };

// ffmpeg's manners: -y overwrites, -n never, otherwise a person is asked and a script is refused.
// Throws core::Error{output} where `file` must stay, and for a name that no file can have. What killed
// writers of `file` left half-written is removed; pipes and devices are no files to overwrite.
void check_overwrite(const std::filesystem::path& file, Overwrite manner);

}  // namespace resyncer::cli
