// The commands and options that the program has, as they were declared to CLI11: what configuration,
// completions, man pages and the tests read. Options are known by their long names, without dashes.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace resyncer::cli {

// "train sync"; "" for the program itself.
std::string full_name(const CLI::App& command);
// The program itself first, then every command before its own subcommands.
std::vector<const CLI::App*> all_commands(const CLI::App& root);
// nullptr when there is none of that full name.
const CLI::App* find_command(const CLI::App& root, const std::string& name);

// In the order of declaration, without --help and --version.
std::vector<const CLI::Option*> named_options(const CLI::App& command);
std::vector<const CLI::Option*> positionals(const CLI::App& command);
const CLI::Option* find_option(const CLI::App& command, const std::string& long_name);
std::string long_name(const CLI::Option& option);

enum class ValueKind {
  flag,     // given or not
  counter,  // a flag that may be given several times: -vv
  truth,    // takes true or false
  whole,    // takes a whole number
  number,
  choice,  // one of choices()
  file,
  folder,
  text,
};
ValueKind value_kind(const CLI::Option& option);
bool is_flag(const CLI::Option& option);
bool is_repeatable(const CLI::Option& option);
std::vector<std::string> choices(const CLI::Option& option);
// As in a usage line: FILE, DIR, N, X, TEXT, network|warp; empty for flags.
std::string value_name(const CLI::Option& option);
// What it is when nobody says anything; empty when that is nothing. Only of an app that captures defaults.
std::string default_text(const CLI::Option& option);

// RESYNCER_MODELS, RESYNCER_RENDER_VIDEO_CODEC.
std::string variable_name(const CLI::App& command, const CLI::Option& option);

// A project's file comes with a folder that may be anybody's: with it nobody may write files, answer the
// question whether to overwrite, or say what only the user can.
bool may_be_set_by_project(const CLI::Option& option);

}  // namespace resyncer::cli
