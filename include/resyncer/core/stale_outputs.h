// What an OutputFile leaves when its process is killed before it could clean up.
#pragma once

#include <filesystem>

namespace resyncer::core {

// Removes the temporary files beside `target` that an OutputFile of it made in a process that lives no more.
// Processes are looked up on this machine: call it only where no other machine can be writing the same
// target.
void remove_stale_outputs(const std::filesystem::path& target) noexcept;

}  // namespace resyncer::core
