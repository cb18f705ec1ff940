#include "cli/configuration.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "cli/option_table.h"
#include "resyncer/config/find_config.h"
#include "resyncer/core/error.h"

namespace resyncer::cli {

namespace {

namespace fs = std::filesystem;
using config::Setting;
using config::Value;
using core::Error;
using core::ErrorKind;

constexpr long kMostRepeats = 9;  // of a flag that counts

bool chooses_configuration(const std::string& option) {
  return option == "config" || option == "no-config" || option == "profile";
}

std::string described(const std::string& command) {
  return command.empty() ? "the program" : "'" + command + "'";
}

const char* expected(ValueKind kind) {
  switch (kind) {
    case ValueKind::flag:
    case ValueKind::truth:
      return "true or false";
    case ValueKind::counter:
      return "true, false or a number from 0 to 9";
    case ValueKind::whole:
      return "a whole number";
    case ValueKind::number:
      return "a number";
    default:
      return "text";
  }
}

bool is_of_kind(const Value& value, ValueKind kind) {
  using Type = Value::Type;
  switch (kind) {
    case ValueKind::flag:
    case ValueKind::truth:
      return value.type == Type::boolean;
    case ValueKind::counter:
      return value.type == Type::boolean ||
             (value.type == Type::integer && value.text.size() == 1 && std::stol(value.text) <= kMostRepeats);
    case ValueKind::whole:
      return value.type == Type::integer;
    case ValueKind::number:
      return value.type == Type::integer || value.type == Type::real;
    default:
      return value.type != Type::boolean;  // numbers are texts too: offset-ms = 40
  }
}

void check_values(const CLI::Option& option, const Setting& setting) {
  if (is_off(option, setting)) return;
  const std::string name = "'" + setting.option + "'";
  if (setting.is_list && !is_repeatable(option))
    throw Error(ErrorKind::usage, name + " takes one value, not a list", setting.origin);
  const ValueKind kind = value_kind(option);
  for (const Value& value : setting.values)
    if (!is_of_kind(value, kind))
      throw Error(ErrorKind::usage, name + " has to be " + expected(kind), setting.origin);
}

// Paths in a file are relative to the file; ~ is the user's home, as a shell would have it.
std::string path_text(const std::string& text, const fs::path& folder) {
  if (text.empty() || text == "-") return text;
  const char* home = std::getenv("HOME");
  if (text.rfind("~/", 0) == 0 && home != nullptr) return (fs::path(home) / text.substr(2)).string();
  return (folder / text).lexically_normal().string();
}

bool names_path(const CLI::Option& option) {
  const ValueKind kind = value_kind(option);
  return kind == ValueKind::file || kind == ValueKind::folder;
}

Value value_of_variable(const std::string& text, ValueKind kind, const std::string& variable) {
  if (kind != ValueKind::flag && kind != ValueKind::counter) return {Value::Type::text, text};
  const std::string lower = CLI::detail::to_lower(text);
  for (const char* yes : {"1", "true", "yes", "on"})
    if (lower == yes) return {Value::Type::boolean, "true"};
  for (const char* no : {"0", "false", "no", "off"})
    if (lower == no) return {Value::Type::boolean, "false"};
  if (kind == ValueKind::counter && text.size() == 1 && text[0] >= '2' && text[0] <= '9')
    return {Value::Type::integer, text};
  throw Error(ErrorKind::usage, "'" + text + "' is neither true nor false", variable);
}

// An empty variable is as none.
Settings read_environment(const CLI::App& root, const Environment& environment) {
  Settings settings;
  for (const CLI::App* command : all_commands(root))
    for (const CLI::Option* option : named_options(*command)) {
      const std::string variable = variable_name(*command, *option);
      const std::string text = environment(variable).value_or("");
      if (text.empty()) continue;
      const std::vector<std::string> parts =
          is_repeatable(*option) ? CLI::detail::split(text, ',') : std::vector<std::string>{text};
      Setting setting{full_name(*command), long_name(*option), {}, parts.size() > 1, variable};
      for (const std::string& part : parts)
        setting.values.push_back(value_of_variable(part, value_kind(*option), variable));
      settings.push_back(std::move(setting));
    }
  return settings;
}

// What the flag says, else its variable.
std::vector<std::string> chosen(const CLI::App& root, const Settings& environment, const std::string& name) {
  const CLI::Option* option = find_option(root, name);
  if (option != nullptr && option->count() > 0) return option->results();
  for (const Setting& setting : environment)
    if (setting.command.empty() && setting.option == name) {
      std::vector<std::string> texts;
      for (const Value& value : setting.values) texts.push_back(value.text);
      return texts;
    }
  return {};
}

config::ConfigFile checked_file(const CLI::App& root, const fs::path& path, bool is_trusted) {
  config::ConfigFile file = config::read_config(path);
  const fs::path folder = path.parent_path();
  check_settings(root, is_trusted, folder, &file.settings);
  for (auto& [name, settings] : file.profiles) check_settings(root, is_trusted, folder, &settings);
  return file;
}

// From the strongest to the weakest: the project's, or what --config names; the user's.
std::vector<config::ConfigFile> read_files(const CLI::App& root, const Settings& environment) {
  const std::vector<std::string> none = chosen(root, environment, "no-config");
  const std::vector<std::string> named = chosen(root, environment, "config");
  const bool is_named_by_flag = find_option(root, "config")->count() > 0;
  std::vector<config::ConfigFile> files;
  if (!none.empty() && none.back() == "true" && !is_named_by_flag) return files;
  if (!named.empty())
    files.push_back(checked_file(root, named.back(), true));
  else if (const auto project = config::find_project_file())
    files.push_back(checked_file(root, *project, false));
  std::error_code ignored;
  if (const fs::path user = config::user_file(); fs::exists(user, ignored))
    files.push_back(checked_file(root, user, true));
  return files;
}

// The profile as each file has it, the program's own last. Throws when none has it.
std::vector<Settings> profile_layers(const std::string& name, const std::vector<config::ConfigFile>& files) {
  std::vector<Settings> layers;
  std::set<std::string> names;
  for (const config::ConfigFile& file : files)
    for (const auto& [known, settings] : file.profiles) {
      names.insert(known);
      if (known == name) layers.push_back(settings);
    }
  if (layers.empty())
    throw Error(ErrorKind::usage, "there is no profile '" + name + "'", "",
                "there are " + CLI::detail::join(names, ", "));
  return layers;
}

}  // namespace

void add_config_options(CLI::App* root, ConfigFlags* flags) {
  auto* file = root->add_option("--config", flags->file,
                                "Read this configuration file in place of the project's resyncer.toml");
  root->add_flag("--no-config", flags->none, "Read no configuration file")->excludes(file);
  root->add_option("--profile", flags->profiles,
                   "Use these settings: draft, archive, ci, or a profile of a configuration file; repeatable")
      ->allow_extra_args(false);
}

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

bool is_off(const CLI::Option& option, const Setting& setting) {
  if (setting.is_list || setting.values.size() != 1) return false;
  const Value& value = setting.values.front();
  if (value_kind(option) == ValueKind::counter && value.text == "0") return true;
  return value.type == Value::Type::boolean && value.text == "false" &&
         value_kind(option) != ValueKind::truth;
}

void check_settings(const CLI::App& root, bool is_trusted, const fs::path& folder, Settings* settings) {
  for (Setting& setting : *settings) {
    const CLI::App* command = find_command(root, setting.command);
    if (command == nullptr)
      throw Error(ErrorKind::usage, "there is no command '" + setting.command + "'", setting.origin,
                  "see resyncer --help");
    const CLI::Option* option = find_option(*command, setting.option);
    if (option == nullptr || (command == &root && chooses_configuration(setting.option)))
      throw Error(ErrorKind::usage, described(setting.command) + " has no setting '" + setting.option + "'",
                  setting.origin,
                  "resyncer config show " + (setting.command.empty() ? "" : setting.command + " ") +
                      "lists what there is");
    if (!is_trusted && !may_be_set_by_project(*option))
      throw Error(ErrorKind::usage, "a project may not set '" + setting.option + "'", setting.origin,
                  "put it into your own configuration, or name this file with --config");
    check_values(*option, setting);
    if (names_path(*option) && !is_off(*option, setting))
      for (Value& value : setting.values) value.text = path_text(value.text, folder);
  }
}

Configuration read_configuration(const CLI::App& root, const Environment& environment) {
  Configuration result;
  Settings variables = read_environment(root, environment);
  std::vector<config::ConfigFile> files = read_files(root, variables);
  for (const config::ConfigFile& file : files) result.files.push_back(file.path);
  files.push_back(config::parse_config(config::built_in_profiles(), "built-in profiles"));
  check_settings(root, true, "", &files.back().settings);

  std::vector<std::string> profiles = chosen(root, variables, "profile");
  result.layers.push_back(std::move(variables));
  std::reverse(profiles.begin(), profiles.end());
  for (const std::string& name : profiles)
    for (Settings& layer : profile_layers(name, files)) result.layers.push_back(std::move(layer));
  for (config::ConfigFile& file : files) result.layers.push_back(std::move(file.settings));
  return result;
}

Settings settings_in_force(const Configuration& configuration, const CLI::App& command) {
  const std::string name = full_name(command);
  std::set<const CLI::Option*> decided, active;
  for (const CLI::Option* option : command.get_options())
    if (option->count() > 0) decided.insert(option), active.insert(option);
  Settings taken;
  for (const Settings& layer : configuration.layers) {
    const std::set<const CLI::Option*> stronger = active;
    for (const Setting& setting : layer) {
      if (setting.command != name) continue;
      const CLI::Option* option = find_option(command, setting.option);
      const auto excludes = option->get_excludes();
      const bool excluded = std::any_of(excludes.begin(), excludes.end(),
                                        [&](const CLI::Option* other) { return stronger.count(other) != 0; });
      if (excluded || !decided.insert(option).second || is_off(*option, setting)) continue;
      active.insert(option);
      taken.push_back(setting);
    }
  }
  // A strength of the style means nothing where no style is given.
  const auto lacks_needed = [&](const Setting& setting) {
    const CLI::Option* option = find_option(command, setting.option);
    const auto needs = option->get_needs();
    const bool lacks = std::any_of(needs.begin(), needs.end(),
                                   [&](const CLI::Option* other) { return active.count(other) == 0; });
    return lacks && active.erase(option) != 0;
  };
  while (true) {
    const auto gone = std::find_if(taken.begin(), taken.end(), lacks_needed);
    if (gone == taken.end()) return taken;
    taken.erase(gone);
  }
}

std::vector<std::string> arguments(const CLI::App& command, const Settings& settings) {
  std::vector<std::string> list;
  for (const Setting& setting : settings) {
    const CLI::Option& option = *find_option(command, setting.option);
    const std::string flag = "--" + setting.option;
    for (const Value& value : setting.values) {
      if (is_flag(option)) {
        list.insert(list.end(), value.type == Value::Type::integer ? std::stoul(value.text) : 1, flag);
        continue;
      }
      list.insert(list.end(), {flag, value.text});
      if (option.get_allow_extra_args()) list.emplace_back("--");  // or it would go on to take positionals
    }
  }
  return list;
}

std::string origins_named(const std::string& message, const Settings& settings) {
  std::string text;
  for (const Setting& setting : settings) {
    const std::string flag = "--" + setting.option;
    const std::size_t at = message.find(flag);
    if (at == std::string::npos) continue;
    const std::size_t end = at + flag.size();
    if (end < message.size() &&
        (std::isalnum(static_cast<unsigned char>(message[end])) != 0 || message[end] == '-'))
      continue;  // --style in --style-weight
    text += "; " + flag + " is set by " + setting.origin;
  }
  return text;
}

}  // namespace resyncer::cli
