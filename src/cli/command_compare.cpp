#include "cli/command.h"
#include "cli/metric_limits.h"
#include "cli/progress_bar.h"
#include "cli/report_files.h"
#include "resyncer/core/error.h"
#include "resyncer/pipeline/compare.h"

namespace resyncer::cli {

namespace {

struct CompareFlags {
  std::filesystem::path a, b;
  ReportFiles reports;
  LimitFlags limits;
};

void run_compare(const CompareFlags& flags, const GlobalOptions& global) {
  const std::vector<Limit> limits = parse_limits(flags.limits, pipeline::difference_metrics());
  check_report_files(flags.reports, {flags.a, flags.b});
  const bool reports = flags.a.extension() == ".json";
  if (reports != (flags.b.extension() == ".json"))
    throw core::Error(core::ErrorKind::usage, "a video and a report cannot be compared", "",
                      "name two videos, or two reports that end in .json");
  ProgressBar bar(global);
  const pipeline::Comparison comparison = reports ? pipeline::compare_reports(flags.a, flags.b)
                                                  : pipeline::compare_videos(flags.a, flags.b, bar.sink());
  bar.finish();
  write_reports(
      flags.reports, pipeline::comparison_text(comparison),
      [&] { return pipeline::comparison_json(comparison); },
      [&] { return pipeline::comparison_html(comparison); });
  check_limits(limits, comparison.differences);
}

}  // namespace

void add_compare(CLI::App* app, GlobalOptions* global, Run* run) {
  auto flags = std::make_shared<CompareFlags>();
  CLI::App* command =
      app->add_subcommand("compare", "Two results of one source, or two reports of eval, against each other");
  command->add_option("a", flags->a, "Video, or report of eval --json")->required();
  command->add_option("b", flags->b, "The other")->required();
  command->add_option("--json", flags->reports.json, "Write figures and series as JSON; - = print them");
  command->add_option("--html", flags->reports.html, "Write one page with figures, plots and film strips");
  add_limit_options(command, &flags->limits);
  command->callback([=] { *run = [=] { run_compare(*flags, *global); }; });
}

}  // namespace resyncer::cli
