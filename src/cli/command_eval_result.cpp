#include "cli/command_eval_result.h"

#include "cli/face_choice.h"
#include "cli/metric_limits.h"
#include "cli/progress_bar.h"
#include "cli/report_files.h"
#include "cli/streamed_input.h"
#include "resyncer/core/error.h"
#include "resyncer/pipeline/measure_result.h"

namespace resyncer::cli {

namespace {

struct ResultFlags {
  pipeline::ResultFiles files;
  pipeline::ResultOptions options;
  ReportFiles reports;
  LimitFlags limits;
  FaceFlags face;
};

// A limit on what cannot be measured with these files is a slip of the command line.
void check_measurable(const std::vector<Limit>& limits, const pipeline::ResultFiles& files) {
  using pipeline::Needs;
  for (const Limit& limit : limits) {
    const Needs needs = limit.metric->needs;
    const char* missing = nullptr;
    if (needs == Needs::source && files.source.empty()) missing = "--source";
    if ((needs == Needs::real || needs == Needs::pictures) && files.real.empty()) missing = "--real";
    if (needs == Needs::reference && files.source.empty() && files.real.empty())
      missing = "--source or --real";
    if (missing != nullptr)
      throw core::Error(core::ErrorKind::usage,
                        std::string(limit.metric->name) + " can be measured only with " + missing);
  }
}

void run_result(ResultFlags flags, const GlobalOptions& global) {
  pipeline::ResultFiles& files = flags.files;
  if (files.result.empty() || files.speech.empty())
    throw core::Error(core::ErrorKind::usage,
                      files.result.empty() ? "RESULT is required: the video to measure"
                                           : "-a is required: the speech that the result should say",
                      "", "see resyncer eval --help");
  const std::vector<Limit> limits = parse_limits(flags.limits, pipeline::result_metrics());
  check_measurable(limits, files);
  flags.options.face = parse_face_choice(flags.face);
  flags.options.film = !flags.reports.html.empty();
  check_report_files(flags.reports, {files.result, files.speech, files.source, files.real, files.mask});
  StreamedInputs streams;
  for (std::filesystem::path* file : {&files.result, &files.speech}) streams.take(file);
  ProgressBar bar(global);
  const pipeline::ModelSet models = pipeline::find_models(global.models_folder());
  pipeline::Report report = pipeline::measure_result(files, models, flags.options, bar.sink());
  bar.finish();
  for (auto& [what, path] : report.inputs) path = StreamedInputs::in_the_users_words(path);
  write_reports(
      flags.reports, pipeline::report_text(report), [&] { return pipeline::report_json(report); },
      [&] { return pipeline::report_html(report); });
  check_limits(limits, report.figures);
}

}  // namespace

void add_eval_result(CLI::App* eval, GlobalOptions* global, Run* run) {
  auto flags = std::make_shared<ResultFlags>();
  auto& files = flags->files;
  eval->add_option("result", files.result, "Rendered video");
  eval->add_option("-a,--audio", files.speech, "What it should say: any file with an audio stream");
  eval->add_option("--source", files.source, "What it was rendered from");
  eval->add_option("--real", files.real, "The speaker saying the speech; frame by frame, or other footage");
  eval->add_option("--mask", files.mask, "What render --mask-out wrote (default: rebuilt from the faces)");
  eval->add_option("--json", flags->reports.json, "Write figures and series as JSON; - = print them");
  eval->add_option("--html", flags->reports.html, "Write one page with figures, plots and film strips");
  add_limit_options(eval, &flags->limits);
  eval->add_option("--cache", flags->options.cache, "Folder that keeps the analyses");
  add_face_options(eval, &flags->face, &flags->options.tracker);
  eval->callback([=] {
    if (eval->get_subcommands().empty()) *run = [=] { run_result(*flags, *global); };
  });
}

}  // namespace resyncer::cli
