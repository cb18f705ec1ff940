#include <spdlog/spdlog.h>

#include <algorithm>
#include <iostream>

#include "cli/command.h"
#include "cli/golden_manifest.h"
#include "cli/outputs.h"
#include "cli/progress_bar.h"
#include "cli/report_files.h"
#include "resyncer/core/error.h"
#include "resyncer/core/output_file.h"

namespace resyncer::cli {

namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorKind;

struct GoldenFlags {
  fs::path folder, manifest;
  std::vector<std::string> names;  // empty = all
  fs::path html;
  std::string rigour = "auto";
  bool yes = false, update = false;
};

// What is read from now on is relative to the list of cases, wherever the command was called.
struct Work {
  fs::path folder, html;
  std::vector<pipeline::GoldenCase> cases;
  pipeline::ModelSet models;
};

Work prepare(const GoldenFlags& flags, const GlobalOptions& global) {
  Work work;
  work.folder = fs::absolute(flags.folder);
  work.html = flags.html.empty() ? fs::path() : fs::absolute(flags.html);
  work.models = pipeline::find_models(global.models_folder());
  const fs::path manifest =
      fs::absolute(flags.manifest.empty() ? flags.folder / "golden.toml" : flags.manifest);
  std::error_code error;
  if (!fs::is_regular_file(manifest, error))
    throw Error(ErrorKind::input, "the list of cases does not exist", manifest.string(),
                "write it (docs/commands/golden.md), or name it with --manifest");
  fs::current_path(manifest.parent_path());
  work.cases = read_golden_manifest(manifest);
  for (const std::string& name : flags.names)
    if (std::none_of(work.cases.begin(), work.cases.end(), [&](const auto& c) { return c.name == name; }))
      throw Error(ErrorKind::usage, "there is no case \"" + name + "\"", manifest.string());
  if (!flags.names.empty())
    work.cases.erase(std::remove_if(work.cases.begin(), work.cases.end(),
                                    [&](const auto& c) {
                                      return std::find(flags.names.begin(), flags.names.end(), c.name) ==
                                             flags.names.end();
                                    }),
                     work.cases.end());
  return work;
}

void run_record(const GoldenFlags& flags, const GlobalOptions& global) {
  const Work work = prepare(flags, global);
  for (const auto& each : work.cases)
    check_overwrite(work.folder / each.name / "golden.json",
                    flags.yes ? Overwrite::always : Overwrite::never);
  ProgressBar bar(global);
  for (const auto& each : work.cases) {
    save_golden(make_golden(each, work.models, nullptr, bar.sink()), work.folder / each.name);
    spdlog::info("{}: recorded", each.name);
  }
  bar.finish();
}

pipeline::GoldenRigour rigour_of(const std::string& name) {
  if (name == "exact") return pipeline::GoldenRigour::exact;
  return name == "limits" ? pipeline::GoldenRigour::within_limits : pipeline::GoldenRigour::by_machine;
}

void run_check(const GoldenFlags& flags, const GlobalOptions& global) {
  const Work work = prepare(flags, global);
  if (!work.html.empty()) check_report_files({"", work.html}, {});
  std::vector<pipeline::GoldenResult> results;
  for (const auto& each : work.cases)  // all are there before hours of work
    results.push_back({each.name, pipeline::load_golden(work.folder / each.name), {}, {}});
  ProgressBar bar(global);
  std::string changed;
  std::size_t count = 0;
  for (std::size_t i = 0; i < results.size(); ++i) {
    auto& result = results[i];
    result.after = pipeline::make_golden(work.cases[i], work.models, &result.before, bar.sink());
    result.difference = pipeline::compare_golden(result.before, result.after, rigour_of(flags.rigour));
    if (result.difference.faults.empty()) continue;
    changed += (changed.empty() ? "" : ", ") + result.name;
    ++count;
  }
  bar.finish();
  if (!work.html.empty()) core::write_text(work.html, pipeline::golden_html(results));
  std::cout << pipeline::golden_text(results) << std::flush;
  if (count == 0) return;
  if (!flags.update)
    throw Error(ErrorKind::limit, std::to_string(count) + " of " + std::to_string(results.size()) +
                                      " golden renders changed: " + changed);
  for (const auto& result : results)
    if (!result.difference.faults.empty()) pipeline::save_golden(result.after, work.folder / result.name);
  spdlog::info("recorded anew: {}", changed);
}

void add_common(CLI::App* command, GoldenFlags* flags) {
  command->add_option("folder", flags->folder, "Folder of the records, one a case")->required();
  command->add_option("--manifest", flags->manifest, "List of cases (default: golden.toml in the folder)");
  command->add_option("--case", flags->names, "Only this case (repeatable)")->allow_extra_args(false);
}

}  // namespace

void add_golden(CLI::App* app, GlobalOptions* global, Run* run) {
  CLI::App* golden =
      app->add_subcommand("golden", "Regression renders: has a new version changed any result?");
  golden->require_subcommand(1);
  auto flags = std::make_shared<GoldenFlags>();
  CLI::App* record = golden->add_subcommand("record", "Render every case and keep small references");
  add_common(record, flags.get());
  record->add_flag("-y,--yes", flags->yes, "Overwrite records without asking");
  record->callback([=] { *run = [=] { run_record(*flags, *global); }; });
  CLI::App* check =
      golden->add_subcommand("check", "Render every case again; exit code 8 when one has changed");
  add_common(check, flags.get());
  check->add_option("--html", flags->html, "Write one page that shows what has changed");
  check
      ->add_option(
          "--compare", flags->rigour,
          "exact: every sample; limits: figures and pictures; auto: exact on the recorded kind of machine")
      ->check(CLI::IsMember({"auto", "exact", "limits"}));
  check->add_flag("--update", flags->update, "Record anew what has changed, after having shown it");
  check->callback([=] { *run = [=] { run_check(*flags, *global); }; });
}

}  // namespace resyncer::cli
