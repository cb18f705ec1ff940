// Settings that somebody wrote down instead of typing them: a TOML file with a table a subcommand, and named
// profiles of the same form. What the names mean is not known here.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace resyncer::config {

struct Value {
  enum class Type { boolean, integer, real, text };
  Type type = Type::text;
  std::string text;  // "true", "18", "0.25"; texts as they are
};

// One option's value or, for options that may be given several times, values.
struct Setting {
  std::string command;  // "" = an option of the program itself; "render", "train sync"
  std::string option;   // without dashes in front
  std::vector<Value> values;
  bool is_list = false;
  std::string origin;  // FILE:LINE, or the name of an environment variable
};

// Settings of several commands under one name, chosen with --profile.
using Profiles = std::map<std::string, std::vector<Setting>>;

struct ConfigFile {
  std::filesystem::path path;
  std::vector<Setting> settings;  // in the order of the file's keys
  Profiles profiles;
};

// Throws core::Error{usage} naming file and line on what is no TOML, or on a value that no option could take.
ConfigFile parse_config(std::string_view text, const std::filesystem::path& path);
// The same of a file. Throws core::Error{usage} when it cannot be read or is larger than a megabyte.
ConfigFile read_config(const std::filesystem::path& path);

// The profiles that come with the program, in the same form: draft, archive, ci.
std::string_view built_in_profiles();

}  // namespace resyncer::config
