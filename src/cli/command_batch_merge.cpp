#include "cli/command_batch_merge.h"

#include <spdlog/spdlog.h>

#include <csignal>
#include <iostream>
#include <set>

#include "cli/outputs.h"
#include "resyncer/batch/journal.h"
#include "resyncer/core/error.h"
#include "resyncer/core/output_file.h"

namespace resyncer::cli {

namespace {

namespace fs = std::filesystem;

struct MergeFlags {
  std::vector<std::string> reports;
  std::string report, junit, journal;
  bool json = false;
};

// Lies with the journals it is made of, or its paths would mean other files.
void write_merged_journal(const std::vector<batch::Report>& reports, const fs::path& file) {
  const fs::path folder = fs::absolute(file).parent_path();
  batch::JournalContent content;
  std::set<fs::path> read;
  for (const batch::Report& report : reports) {
    if (report.journal.empty() || !read.insert(report.journal).second) continue;
    const batch::Journal journal(report.journal, batch::Journal::Access::read);
    batch::read_journal_text(batch::journal_text(journal.content(), folder), folder, &content);
  }
  core::write_text(file, batch::journal_text(content, folder));
}

void run_merge(const MergeFlags& flags) {
  const ReportFiles files{flags.report, flags.junit};
  check_report_files(files, {flags.reports.begin(), flags.reports.end()});
  std::vector<batch::Report> reports;
  for (const std::string& file : flags.reports) reports.push_back(batch::read_report(file));
  if (!flags.journal.empty()) write_merged_journal(reports, flags.journal);
  finish_batch(batch::merge_reports(reports), files, flags.json);
}

std::string listed(const std::vector<int>& rows) {
  constexpr std::size_t kMost = 10;
  std::string text;
  for (std::size_t i = 0; i < rows.size() && i < kMost; ++i)
    text += (i == 0 ? "" : ", ") + std::to_string(rows[i]);
  return rows.size() > kMost ? text + " and " + std::to_string(rows.size() - kMost) + " more" : text;
}

}  // namespace

void finish_batch(const batch::Report& report, ReportFiles files, bool print_json, int signal) {
  if (print_json && !files.json.empty() && files.json != "-")
    core::write_text(files.json, batch::report_json(report));
  if (print_json) files.json = "-";
  write_reports(
      files, batch::report_table(report) + '\n', [&] { return batch::report_json(report); },
      [&] { return batch::report_junit(report); });
  if (signal != 0) std::raise(signal);  // as if it came now: leaves with 128 + signal
  if (report.shard.empty())
    if (const std::vector<int> missing = batch::missing_rows(report); !missing.empty())
      spdlog::warn("no report tells of row {}", listed(missing));
  if (!batch::all_right(report))
    throw core::Error(core::ErrorKind::batch, batch::summary(report), report.manifest,
                      "mend the rows that failed and run the batch again");
}

CLI::App* add_batch_merge(CLI::App* batch, Run* run) {
  auto flags = std::make_shared<MergeFlags>();
  CLI::App* command = batch->add_subcommand("merge", "Merge the reports of shards into one");
  command->add_option("reports", flags->reports, "Reports of batch --report")->required();
  command->add_option("-o,--report", flags->report, "Write the merged report as JSON; - = print it");
  command->add_option("--junit", flags->junit, "Write it as JUnit XML");
  command->add_option("--journal", flags->journal, "Write the journals that the reports name as one");
  command->add_flag("--json", flags->json, "Print JSON in place of the table");
  command->callback([=] { *run = [=] { run_merge(*flags); }; });
  return command;
}

}  // namespace resyncer::cli
