#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <map>

#include "cli/command.h"
#include "cli/command_batch_merge.h"
#include "cli/configuration.h"
#include "cli/progress_bar.h"
#include "cli/report_files.h"
#include "resyncer/batch/run.h"
#include "resyncer/batch/shards.h"
#include "resyncer/core/error.h"
#include "resyncer/media/video_reader.h"
#include "resyncer/pipeline/content_hash.h"
#include "resyncer/pipeline/models.h"

namespace resyncer::cli {

namespace {

namespace fs = std::filesystem;

struct BatchFlags {
  std::string manifest, format, output, journal, shard;
  std::uint64_t max_memory = 0;
  batch::RunOptions options;
  bool list = false, keep_going = false, json = false;
  std::string report, junit;
};

// A row's command line, parsed as render will parse it.
class RenderSyntax {
 public:
  RenderSyntax() { add_render(&app_, &global_, &run_); }

  std::optional<std::string> fault_of(const std::vector<std::string>& arguments) {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 wants them
    try {
      app_.parse(reversed);
      return std::nullopt;
    } catch (const CLI::ParseError& fault) {
      return std::string(fault.what());
    }
  }

  // What the configuration adds to a row without fault.
  Settings settings_of(const std::vector<std::string>& arguments, const Configuration& configuration) {
    if (fault_of(arguments)) return {};
    return settings_in_force(configuration, *app_.get_subcommand("render"));
  }

 private:
  CLI::App app_;
  GlobalOptions global_;
  Run run_;
};

void configure(const Configuration& configuration, RenderSyntax* syntax, batch::Job* job) {
  for (const config::Setting& setting : syntax->settings_of(batch::row_arguments(*job), configuration)) {
    if (batch::is_reserved(setting.option)) continue;
    batch::Field option{setting.option, {}};
    for (const config::Value& value : setting.values) option.values.push_back(value.text);
    job->options.push_back(std::move(option));
  }
}

// What every result depends on beside its row.
std::string fingerprint(const pipeline::ModelSet& models) {
  std::string text = RESYNCER_VERSION;
  for (const auto& entry : models.entries) text += '|' + entry.id + ' ' + entry.sha256;
  std::vector<fs::path> styles;
  std::error_code ignored;
  for (const auto& file : fs::directory_iterator(models.folder / "styles", ignored))
    if (file.path().extension() == ".style") styles.push_back(file.path());
  std::sort(styles.begin(), styles.end());
  for (const fs::path& style : styles)
    text += '|' + style.stem().string() + ' ' + pipeline::content_hash(style);
  return text;
}

// Headers are read once a video; what cannot be read has none.
class VideoFacts {
 public:
  const media::VideoInfo& of(const fs::path& video) {
    const auto [known, news] = facts_.try_emplace(video);
    if (!news) return known->second;
    try {
      known->second = media::probe_video(video);
    } catch (const core::Error&) {
    }
    return known->second;
  }

 private:
  std::map<fs::path, media::VideoInfo> facts_;
};

std::vector<batch::Job> share_of(std::vector<batch::Job> jobs, const batch::Shard& shard, VideoFacts* facts) {
  std::vector<batch::ShardItem> items;
  items.reserve(jobs.size());
  for (const batch::Job& job : jobs)
    items.push_back({job.fault ? 0 : facts->of(job.video).duration_seconds, job.video.string()});
  const std::vector<int> shards = batch::share_out(items, shard.count);
  std::vector<batch::Job> mine;
  for (std::size_t i = 0; i < jobs.size(); ++i)
    if (shards[i] == shard.index - 1) mine.push_back(std::move(jobs[i]));
  return mine;
}

batch::ManifestFormat format_of(const BatchFlags& flags, const std::string& text) {
  return flags.format.empty() ? batch::guess_format(flags.manifest, text)
                              : *batch::format_named(flags.format);
}

// Beside the results, so that it goes where they go. Shards may run on machines whose appends to one file do
// not respect each other: each has its own and reads the others'.
fs::path journal_file(const BatchFlags& flags, const batch::JobFolders& folders, const batch::Shard& shard) {
  if (!flags.journal.empty()) return fs::absolute(flags.journal);
  std::string name = batch::kJournalStem;
  if (shard.count > 1) name += '.' + std::to_string(shard.index) + "-of-" + std::to_string(shard.count);
  return folders.output / (name + ".jsonl");
}

void show_plan(const BatchFlags& flags, const std::vector<batch::Job>& jobs, const fs::path& journal) {
  const batch::Journal known(journal, batch::Journal::Access::read);
  const std::vector<batch::Outlook> outlooks = batch::foresee(jobs, known, flags.options);
  std::cout << (flags.json ? batch::plan_json(jobs, outlooks) + '\n' : batch::plan_table(jobs, outlooks))
            << std::flush;
}

void tell_of(const batch::JobResult& result, int done, int total) {
  const auto level = result.state == batch::State::failed ? spdlog::level::err : spdlog::level::info;
  spdlog::log(level, "{}/{} {}", done, total, batch::result_line(result));
  for (const std::string& warning : result.warnings) spdlog::warn("{}: {}", result.name, warning);
}

void run_batch(BatchFlags flags, const GlobalOptions& global) {
  ReportFiles files{flags.report, flags.junit};
  check_report_files(files, {flags.manifest == "-" ? fs::path() : fs::path(flags.manifest)});
  const pipeline::ModelSet models = pipeline::find_models(global.models_folder());
  const std::string text = batch::read_manifest(flags.manifest);
  const std::string place = flags.manifest == "-" ? "standard input" : flags.manifest;
  batch::JobFolders folders;
  folders.manifest = flags.manifest == "-" ? fs::current_path()
                                           : fs::absolute(flags.manifest).lexically_normal().parent_path();
  folders.output = flags.output.empty() ? folders.manifest : fs::absolute(flags.output).lexically_normal();
  std::vector<batch::Job> jobs =
      batch::make_jobs(batch::parse_manifest(text, format_of(flags, text), place), folders);
  RenderSyntax syntax;
  // Renders run without configuration of their own: what holds for a row is part of it, and of its key.
  for (batch::Job& job : jobs)
    if (global.configuration != nullptr && !job.fault) configure(*global.configuration, &syntax, &job);
  batch::check_jobs(&jobs, [&](const std::vector<std::string>& row) { return syntax.fault_of(row); });

  VideoFacts facts;
  batch::Report report;
  report.manifest = place;
  report.manifest_sha256 = pipeline::content_hash(text.data(), text.size());
  report.rows = int(jobs.size());
  const batch::Shard shard = flags.shard.empty() ? batch::Shard{} : batch::parse_shard(flags.shard);
  if (shard.count > 1) {
    report.shard = flags.shard;
    jobs = share_of(std::move(jobs), shard, &facts);
  }
  batch::RunOptions& options = flags.options;
  options.folder = folders.manifest;
  options.program = fingerprint(models);
  options.max_memory_bytes = std::int64_t(std::min<std::uint64_t>(flags.max_memory, 1ULL << 62));
  options.child_options = {"--no-config"};
  if (!global.models.empty())
    options.child_options.push_back("--models=" + fs::absolute(global.models).string());
  options.pixels = [&](const fs::path& video) {
    const media::VideoInfo& info = facts.of(video);
    return std::int64_t(info.stored_width) * info.stored_height;
  };
  const fs::path journal_path = journal_file(flags, folders, shard);
  if (flags.list) return show_plan(flags, jobs, journal_path);

  GlobalOptions for_programs = global;  // people are told of whole jobs
  for_programs.verbosity = -1;
  ProgressBar progress(for_programs);
  options.finished = [&, tell = progress.sink()](const batch::JobResult& result, int done, int total) {
    tell_of(result, done, total);
    tell({"batch", done, total, "jobs"});
  };
  batch::Journal journal(journal_path);
  if (const int ignored = journal.content().ignored_lines; ignored > 0)
    spdlog::warn("{}: {} damaged lines of the journal are ignored", journal_path.string(), ignored);
  report.journal = journal_path.string();
  const auto start = std::chrono::steady_clock::now();
  batch::RunEnd end = batch::run_jobs(jobs, &journal, options);
  report.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  report.jobs = std::move(end.results);
  progress.finish();
  finish_batch(report, files, flags.json, end.signal);
}

}  // namespace

void add_batch(CLI::App* app, GlobalOptions* global, Run* run) {
  auto flags = std::make_shared<BatchFlags>();
  auto& o = flags->options;
  CLI::App* command =
      app->add_subcommand("batch", "Render all jobs of a manifest; what is done is not done again");
  command->add_option("manifest", flags->manifest, "CSV, JSONL or TOML; - = standard input");
  command
      ->add_option("--format", flags->format,
                   "Format of the manifest (default: by its name, or its first byte)")
      ->check(CLI::IsMember({"csv", "jsonl", "toml"}));
  command->add_option("-o,--output", flags->output, "Folder of relative outputs (default: the manifest's)");
  command->add_option("-j,--jobs", o.jobs, "Renders at once (default: half the cores)")
      ->check(CLI::Range(1, 256));
  command
      ->add_option("--threads", o.threads,
                   "Of each render whose row sets none (default: cores divided by --jobs)")
      ->check(CLI::Range(0, 256));
  command->add_option("--max-memory", flags->max_memory, "Of all renders together, as 6G (default: no limit)")
      ->transform(CLI::AsSizeValue(true));
  command->add_option("--retry", o.retries, "Try failed jobs again, where that can help")
      ->check(CLI::Range(0, 100));
  auto* fail_fast = command->add_flag("--fail-fast", o.fail_fast, "Start no further job after a failure");
  command->add_flag("--keep-going", flags->keep_going, "Run all jobs, whatever fails (default)")
      ->excludes(fail_fast);
  command->add_option("--shard", flags->shard, "I/N: only the I-th of N shares of the manifest");
  command->add_option("--journal", flags->journal,
                      "What is done already (default: in the folder of the results)");
  command->add_flag("--list,--dry-run", flags->list, "Only show what would be done");
  command->add_flag("--json", flags->json, "Print the plan or the report as JSON in place of the table");
  command->add_option("--report", flags->report, "Write the report as JSON; - = print it");
  command->add_option("--junit", flags->junit, "Write the report as JUnit XML");
  command->add_flag("-y,--yes", o.overwrite, "Overwrite results that are not of this batch");
  CLI::App* merge = add_batch_merge(command, run);
  command->callback([=] {
    if (command->got_subcommand(merge)) return;
    if (flags->manifest.empty()) throw CLI::RequiredError("manifest");
    *run = [=] { run_batch(*flags, *global); };
  });
}

}  // namespace resyncer::cli
