// What the environment and the configuration files say, and how it becomes part of the command line: flag >
// environment > --profile > project > user > built-in.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "resyncer/config/config_file.h"

namespace resyncer::cli {

// How configuration itself is chosen.
struct ConfigFlags {
  std::string file;  // --config: in place of the project's
  bool none = false;
  std::vector<std::string> profiles;
};
void add_config_options(CLI::App* root, ConfigFlags* flags);

using Settings = std::vector<config::Setting>;
// An environment variable's value, if it is set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
std::optional<std::string> process_environment(const std::string& name);

struct Configuration {
  std::vector<std::filesystem::path> files;  // that were read
  std::vector<Settings> layers;              // what stands first wins
  Settings added;                            // those of them that became part of this command line
  std::string fault;                         // why there is nothing; only doctor goes on then
};

// Reads and checks all of it against the options of `root`, which has parsed the command line. Values of
// settings are then texts as they would be typed, paths of files already relative to their file. Throws
// core::Error{usage} naming file and line, or the variable.
Configuration read_configuration(const CLI::App& root, const Environment& environment);
// One file's settings: `is_trusted` when it is the user's own.
void check_settings(const CLI::App& root, bool is_trusted, const std::filesystem::path& folder,
                    Settings* settings);

// `false` for an option that takes a value: as though no weaker layer had set it.
bool is_off(const CLI::Option& option, const config::Setting& setting);

// The settings that hold for `command`, which has parsed the command line: not those of options given there,
// or excluded by an option of a stronger layer, or without an option that they need.
Settings settings_in_force(const Configuration& configuration, const CLI::App& command);

// The settings as arguments.
std::vector<std::string> arguments(const CLI::App& command, const Settings& settings);

// "; --crf is set by FILE:3" for each of the settings that `message` names.
std::string origins_named(const std::string& message, const Settings& settings);

}  // namespace resyncer::cli
