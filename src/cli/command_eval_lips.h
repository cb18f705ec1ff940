#pragma once

#include <filesystem>
#include <vector>

#include "cli/command.h"
#include "resyncer/pipeline/measure.h"

namespace resyncer::cli {

// `resyncer eval lips`: a table of means, or with `as_json` every frame.
void run_eval_lips(const std::vector<std::filesystem::path>& clips, const pipeline::MeasureOptions& options,
                   bool as_json, const GlobalOptions& global);

}  // namespace resyncer::cli
