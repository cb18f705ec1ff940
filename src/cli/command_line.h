// The command line: every command and option, what is typed, and what configuration adds to it.
#pragma once

#include <memory>

#include "cli/command.h"
#include "cli/configuration.h"

namespace resyncer::cli {

struct CommandLine {
  CLI::App app{"Offline lip-sync video renderer: the same video, speaking new words."};
  GlobalOptions global;
  ConfigFlags config;
  bool quiet = false;
  Run run;

  // `with_defaults`: options know their built-in values as text, which would clutter --help.
  explicit CommandLine(bool with_defaults);
  CommandLine(const CommandLine&) = delete;  // options point into it
  CommandLine& operator=(const CommandLine&) = delete;
};

// What is typed, completed from the environment and the configuration files, which `configuration` keeps and
// the result's `global` points to. Throws CLI::ParseError, CLI::Success after having printed --help or
// --version, and core::Error{usage} for a faulty configuration.
std::unique_ptr<CommandLine> parse_command_line(int argc, char** argv, Configuration* configuration);

}  // namespace resyncer::cli
