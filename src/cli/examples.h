// Examples of the commands, as --help and the man pages show them.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace resyncer::cli {

struct Example {
  std::string what, line;  // "a second language", "resyncer render …"
};
std::vector<Example> examples_of(const std::string& command);

// Below every command's --help.
void add_examples(CLI::App* root);

}  // namespace resyncer::cli
