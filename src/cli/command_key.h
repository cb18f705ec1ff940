// What a command line asks for, as one number: the same for the same options over the same contents.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "resyncer/pipeline/models.h"

namespace resyncer::cli {

// SHA-256 over the options of the command as they were given, the contents of all files among their values
// (of a folder: of the files in it; of a speaker map: of its speech too), the weights and the version of the
// program. `but`: long names of options that change nothing of the result. Throws Error{input} for a file
// that cannot be read.
std::string command_key(const CLI::App& command, const pipeline::ModelSet& models,
                        const std::vector<std::string>& but);

}  // namespace resyncer::cli
