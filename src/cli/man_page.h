// Manual pages in roff, made from the option table.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace resyncer::cli {

// "resyncer-train-sync".
std::string page_name(const CLI::App& command);
// The page of one command; `root` is the whole program, with its defaults captured.
std::string man_page(const CLI::App& root, const CLI::App& command);

}  // namespace resyncer::cli
