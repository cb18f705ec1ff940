// Scripts that complete resyncer's command line in a shell, made from the option table.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace resyncer::cli {

std::string bash_completion(const CLI::App& root);
std::string zsh_completion(const CLI::App& root);
std::string fish_completion(const CLI::App& root);

}  // namespace resyncer::cli
