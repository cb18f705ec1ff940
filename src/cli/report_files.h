#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace resyncer::cli {

// --json FILE|- and --html FILE of a report.
struct ReportFiles {
  std::string json;  // "-" = standard output, in place of the table
  std::filesystem::path html;
};

// Before hours of work, not after. Throws core::Error: usage when a report would replace one of `inputs`,
// output when its folder is not there or not writable.
void check_report_files(const ReportFiles& files, const std::vector<std::filesystem::path>& inputs);

// Writes what is asked for; the table goes to standard output. Only what is needed is made.
void write_reports(const ReportFiles& files, const std::string& table,
                   const std::function<std::string()>& json, const std::function<std::string()>& html);

}  // namespace resyncer::cli
