#pragma once

#include "cli/command.h"

namespace resyncer::cli {

// Adds `eval swap`.
void add_eval_swap(CLI::App* eval, GlobalOptions* global, Run* run);

}  // namespace resyncer::cli
