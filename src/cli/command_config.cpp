// resyncer config: what is in force, and where it comes from.
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/configuration.h"
#include "cli/option_table.h"
#include "resyncer/config/find_config.h"
#include "resyncer/core/error.h"

namespace resyncer::cli {

namespace {

namespace fs = std::filesystem;
using config::Setting;
using nlohmann::json;

struct ShowFlags {
  std::vector<std::string> command;
  bool as_json = false;
};

struct Row {
  std::string command, option, value, origin;
};

std::string joined(const Setting& setting) {
  std::string text;
  for (const config::Value& value : setting.values) text += (text.empty() ? "" : ", ") + value.text;
  return text;
}

Row row_of(const CLI::App& command, const CLI::Option& option, const Settings& settings) {
  Row row{full_name(command), long_name(option), default_text(option), "built-in"};
  for (const Setting& setting : settings)
    if (setting.option == row.option) return {row.command, row.option, joined(setting), setting.origin};
  if (option.count() > 0 && command.get_parent() == nullptr)
    return {row.command, row.option, is_flag(option) ? "true" : CLI::detail::join(option.results(), ", "),
            "flag"};
  if (is_flag(option)) row.value = "false";
  return row;
}

// The program's own options have been parsed, with what configuration added to them; the command's have not.
std::vector<Row> rows_of(const CLI::App& command, const Configuration& configuration) {
  Settings settings;
  if (command.get_parent() != nullptr)
    settings = settings_in_force(configuration, command);
  else
    for (const Setting& setting : configuration.added)
      if (setting.command.empty()) settings.push_back(setting);
  std::vector<Row> rows;
  for (const CLI::Option* option : named_options(command)) rows.push_back(row_of(command, *option, settings));
  return rows;
}

void print_rows(const std::vector<Row>& rows, bool only_set) {
  std::string command = "\n";
  for (const Row& row : rows) {
    if (only_set && !row.command.empty() && row.origin == "built-in") continue;
    if (row.command != command) {
      if (!row.command.empty()) std::cout << "\n[" << row.command << "]\n";
      command = row.command;
    }
    std::string line = "  " + row.option;
    line.resize(std::max<std::size_t>(line.size() + 1, 20), ' ');
    line += row.value.empty() ? "-" : row.value;
    line.resize(std::max<std::size_t>(line.size() + 2, 44), ' ');
    std::cout << line << row.origin << '\n';
  }
}

void print_json(const std::vector<Row>& rows, const Configuration& configuration) {
  json files = json::array(), options = json::array();
  for (const fs::path& file : configuration.files) files.push_back(file.string());
  for (const Row& row : rows)
    options.push_back({{"command", row.command},
                       {"option", row.option},
                       {"value", row.value.empty() ? json(nullptr) : json(row.value)},
                       {"origin", row.origin}});
  std::cout << json{{"files", files}, {"options", options}}.dump(2, ' ', false,
                                                                 json::error_handler_t::replace)
            << '\n';
}

void run_show(const CLI::App& root, const ShowFlags& flags, const GlobalOptions& global) {
  const Configuration& configuration = *global.configuration;
  const std::string name = CLI::detail::join(flags.command, " ");
  if (find_command(root, name) == nullptr)
    throw core::Error(core::ErrorKind::usage, "there is no command '" + name + "'", "",
                      "see resyncer --help");
  std::vector<Row> rows;
  for (const CLI::App* command : all_commands(root))
    if (command == &root || name.empty() || full_name(*command) == name)
      for (Row& row : rows_of(*command, configuration)) rows.push_back(std::move(row));
  if (flags.as_json)
    print_json(rows, configuration);
  else
    print_rows(rows, name.empty());
}

void run_path() {
  std::error_code ignored;
  const fs::path user = config::user_file();
  const auto project = config::find_project_file();
  std::cout << "project\t" << (project ? project->string() : "-") << '\n'
            << "user\t" << (user.empty() ? "-" : user.string())
            << (fs::exists(user, ignored) ? "" : " (not there)") << '\n';
}

}  // namespace

void add_config(CLI::App* app, GlobalOptions* global, Run* run) {
  CLI::App* command = app->add_subcommand("config", "What is set by flags, environment and files");
  command->require_subcommand(1);
  auto flags = std::make_shared<ShowFlags>();
  CLI::App* show = command->add_subcommand(
      "show", "Every option's value, and where it comes from: all that is set, or a command's");
  show->add_option("command", flags->command, "Command, as in: render, or: train sync");
  show->add_flag("--json", flags->as_json, "Print JSON");
  show->callback([=] { *run = [=] { run_show(*app, *flags, *global); }; });
  command->add_subcommand("path", "Where the configuration files are")->callback([=] { *run = run_path; });
}

}  // namespace resyncer::cli
