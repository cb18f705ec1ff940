#pragma once

#include "cli/command.h"

namespace resyncer::cli {

// `resyncer eval RESULT -a SPEECH`, on the same App as the subcommands mesh, generator and motion.
void add_eval_result(CLI::App* eval, GlobalOptions* global, Run* run);

}  // namespace resyncer::cli
