#include "cli/report_files.h"

#include <iostream>

#include "cli/outputs.h"
#include "resyncer/core/error.h"
#include "resyncer/core/output_file.h"

namespace resyncer::cli {

namespace fs = std::filesystem;

void check_report_files(const ReportFiles& files, const std::vector<fs::path>& inputs) {
  for (const fs::path& file : {files.json == "-" ? fs::path() : fs::path(files.json), files.html}) {
    if (file.empty()) continue;
    spare_inputs({file}, inputs);
    std::error_code ignored;
    if (fs::is_directory(file, ignored))
      throw core::Error(core::ErrorKind::output, "is a folder", file.string(), "name a file");
    const core::OutputFile can_be_made(file);
  }
}

void write_reports(const ReportFiles& files, const std::string& table,
                   const std::function<std::string()>& json, const std::function<std::string()>& html) {
  if (!files.html.empty()) core::write_text(files.html, html());
  if (files.json != "-" && !files.json.empty()) core::write_text(files.json, json());
  std::cout << (files.json == "-" ? json() + '\n' : table) << std::flush;
  if (!std::cout) throw core::Error(core::ErrorKind::output, "standard output cannot be written");
}

}  // namespace resyncer::cli
