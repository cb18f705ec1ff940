// stderr is talk: levels, one line a message, text or JSON.
#pragma once

#include <string>

#include "cli/command.h"
#include "resyncer/core/error.h"

namespace resyncer::cli {

void start_log(const GlobalOptions& global);
void log_error(core::ErrorKind kind, const std::string& message);

}  // namespace resyncer::cli
