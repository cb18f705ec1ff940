#include "resyncer/config/config_file.h"

#include <charconv>
#include <cmath>
#include <fstream>
#include <system_error>

#include "resyncer/config/toml.h"
#include "resyncer/core/error.h"

namespace resyncer::config {

namespace fs = std::filesystem;

namespace {

using core::Error;
using core::ErrorKind;

constexpr std::uintmax_t kMostBytes = 1'000'000;
constexpr const char* kProfileTable = "profile";

// Shortest text that reads back as the number.
std::string number_text(double value) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return {text, end};
}

class Reader {
 public:
  explicit Reader(const fs::path& path) { file_.path = path; }

  ConfigFile read(const toml::table& root) {
    for (const auto& [key, node] : root) {
      const toml::table* table = node.as_table();
      if (key.str() == kProfileTable && table != nullptr)
        read_profiles(*table);
      else
        read_entry("", key, node, &file_.settings);
    }
    return std::move(file_);
  }

 private:
  std::string place(const toml::source_region& source) const {
    return file_.path.string() + ":" + std::to_string(source.begin.line);
  }

  void read_profiles(const toml::table& profiles) {
    for (const auto& [name, node] : profiles) {
      const toml::table* table = node.as_table();
      if (table == nullptr || name.str().empty())
        throw Error(ErrorKind::usage, "a profile is a table with a name", place(name.source()),
                    "write [profile.NAME.render], or profile = \"NAME\" to choose one");
      std::vector<Setting>& settings = file_.profiles[std::string(name.str())];
      for (const auto& [key, inner] : *table) read_entry("", key, inner, &settings);
    }
  }

  // Tables are commands, and everything else is an option of `command`.
  void read_entry(const std::string& command, const toml::key& key, const toml::node& node,
                  std::vector<Setting>* settings) {
    const std::string name(key.str());
    if (const toml::table* table = node.as_table()) {
      const std::string inner = command.empty() ? name : command + " " + name;
      for (const auto& [inner_key, inner_node] : *table) read_entry(inner, inner_key, inner_node, settings);
      return;
    }
    Setting setting{command, name, {}, node.is_array(), place(key.source())};
    if (const toml::array* array = node.as_array())
      for (const toml::node& element : *array) setting.values.push_back(read_value(name, element));
    else
      setting.values.push_back(read_value(name, node));
    settings->push_back(std::move(setting));
  }

  Value read_value(const std::string& option, const toml::node& node) const {
    using Type = Value::Type;
    const std::string where = place(node.source());
    if (const auto* boolean = node.as_boolean()) return {Type::boolean, boolean->get() ? "true" : "false"};
    if (const auto* integer = node.as_integer()) return {Type::integer, std::to_string(integer->get())};
    if (const auto* real = node.as_floating_point()) {
      if (!std::isfinite(real->get()))
        throw Error(ErrorKind::usage, "the value of '" + option + "' is no finite number", where);
      return {Type::real, number_text(real->get())};
    }
    if (const auto* text = node.as_string()) {
      if (text->get().find('\0') != std::string::npos)
        throw Error(ErrorKind::usage, "the value of '" + option + "' has a zero byte in it", where);
      return {Type::text, text->get()};
    }
    throw Error(ErrorKind::usage, "'" + option + "' is of a type that no option has", where,
                "write text, a number, true, false, or a list of them");
  }

  ConfigFile file_;
};

}  // namespace

ConfigFile parse_config(std::string_view text, const fs::path& path) {
  return Reader(path).read(parse_toml(text, path.string()));
}

ConfigFile read_config(const fs::path& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (!fs::exists(status))
    throw Error(ErrorKind::usage, "there is no such configuration file", path.string());
  // A named pipe would wait for ever; a device may be endless.
  if (!fs::is_regular_file(status))
    throw Error(ErrorKind::usage, "the configuration is no ordinary file", path.string());
  std::ifstream stream(path, std::ios::binary);
  std::string text(kMostBytes + 1, '\0');
  stream.read(text.data(), std::streamsize(text.size()));
  if (!stream.is_open() || stream.bad())
    throw Error(ErrorKind::usage, "the configuration cannot be read", path.string(),
                "mend its permissions, or pass --no-config");
  if (stream.gcount() > std::streamsize(kMostBytes))
    throw Error(ErrorKind::usage, "is too large for a configuration", path.string());
  text.resize(std::size_t(stream.gcount()));
  return parse_config(text, path);
}

std::string_view built_in_profiles() {
  return R"(# A first look: the nearest reference instead of the network, a fast encoder.
[profile.draft.render]
renderer = "warp"
person = false
adapt = false
preset = "ultrafast"

# Every bit as painted: lossless video. The output has to be a .mkv, .mov or .avi.
[profile.archive.render]
video-codec = "ffv1"
preset = false
crf = false
keep-audio = true

# The same bits every time, whatever the cache holds.
[profile.ci.render]
deterministic = true
no-cache = true
)";
}

}  // namespace resyncer::config
