// Where configuration files lie.
#pragma once

#include <filesystem>
#include <optional>

namespace resyncer::config {

constexpr const char* kProjectFile = "resyncer.toml";

// $XDG_CONFIG_HOME/resyncer/config.toml or ~/.config/resyncer/config.toml, there or not; empty when neither
// folder is known.
std::filesystem::path user_file();

// resyncer.toml in `folder` or the nearest folder above it. The search ends with the folder that holds .git;
// it looks neither into `home` nor into the root of the file system, unless it starts there.
std::optional<std::filesystem::path> find_project_file(const std::filesystem::path& folder,
                                                       const std::filesystem::path& home);
// The same from the current folder and $HOME.
std::optional<std::filesystem::path> find_project_file();

}  // namespace resyncer::config
