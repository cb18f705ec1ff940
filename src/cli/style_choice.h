#pragma once

#include <CLI/CLI.hpp>

#include "resyncer/pipeline/styles.h"

namespace resyncer::cli {

void add_style_options(CLI::App* command, pipeline::StyleChoice* choice);
// Throws core::Error{usage} for weights that do not belong to styles.
void check_style_choice(const pipeline::StyleChoice& choice);

}  // namespace resyncer::cli
