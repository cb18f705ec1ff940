// `batch merge`, and how a batch ends.
#pragma once

#include "cli/command.h"
#include "cli/report_files.h"
#include "resyncer/batch/report.h"

namespace resyncer::cli {

CLI::App* add_batch_merge(CLI::App* batch, Run* run);

// Writes table and reports. Throws core::Error{batch} unless all is right; does not return after a signal.
void finish_batch(const batch::Report& report, ReportFiles files, bool print_json, int signal = 0);

}  // namespace resyncer::cli
