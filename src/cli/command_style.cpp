#include <spdlog/spdlog.h>

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/outputs.h"
#include "cli/progress_bar.h"
#include "resyncer/pipeline/styles.h"

namespace resyncer::cli {

namespace {

struct ExtractFlags {
  std::vector<std::filesystem::path> clips;
  std::filesystem::path output, cache;
  pipeline::AnalysisOptions analysis;
  bool no_cache = false, yes = false;
};

void print_header() {
  std::printf("%-24s %8s %6s %6s %6s %7s\n", "style", "seconds", "low", "high", "mean", "tempo/s");
}

void print_row(const std::string& name, const motion::SpeakingStyle& s) {
  std::printf("%-24s %8.1f %6.3f %6.3f %6.3f %7.2f\n", name.c_str(), double(s.seconds), double(s.low),
              double(s.high), double(s.mean), double(s.tempo));
}

void run_extract(const ExtractFlags& flags, const GlobalOptions& global) {
  spare_inputs({flags.output}, flags.clips);
  check_overwrite(flags.output, flags.yes ? Overwrite::always : Overwrite::ask);
  pipeline::CacheOptions cache;
  if (!flags.no_cache) cache.folder = flags.cache.empty() ? pipeline::default_cache_folder() : flags.cache;
  ProgressBar bar(global);
  const pipeline::ModelSet models = pipeline::find_models(global.models_folder());
  check_file(models.get("motion"));  // its hash is written into the style
  const motion::SpeakingStyle style =
      pipeline::style_of_clips(flags.clips, models, flags.analysis, cache, bar.sink());
  bar.finish();
  motion::write_style(style, models.get("motion").sha256, flags.output);
  print_header();
  print_row(flags.output.stem().string(), style);
}

void run_list(bool as_json, const GlobalOptions& global) {
  const auto gallery = pipeline::style_gallery(pipeline::find_models(global.models_folder()));
  if (as_json) {
    nlohmann::json list = nlohmann::json::array();
    list.push_back({{"name", pipeline::kNeutralStyle}});
    for (const auto& [name, s] : gallery)
      list.push_back({{"name", name},
                      {"seconds", double(s.seconds)},
                      {"low", s.low},
                      {"high", s.high},
                      {"mean", s.mean},
                      {"deviation", s.deviation},
                      {"tempo", s.tempo}});
    std::cout << list.dump(2) << '\n';
    return;
  }
  print_header();
  std::printf("%-24s the mean of all that the motion model has learned from\n", pipeline::kNeutralStyle);
  for (const auto& [name, style] : gallery) print_row(name, style);
}

}  // namespace

void add_style(CLI::App* app, GlobalOptions* global, Run* run) {
  CLI::App* command = app->add_subcommand("style", "Manners of speaking, for render --style");
  command->require_subcommand(1);

  auto flags = std::make_shared<ExtractFlags>();
  CLI::App* extract = command->add_subcommand("extract", "Take the manner of speaking from clips");
  extract->add_option("clips", flags->clips, "Videos of somebody speaking; of several the mean is taken")
      ->required();
  extract->add_option("-o,--output", flags->output, "Style file")->required();
  extract->add_option("--landmarks", flags->analysis.tracker.landmark_model,
                      "Another 68-point dlib shape predictor");
  extract->add_option("--cache", flags->cache, "Another folder for the analysis cache");
  extract->add_flag("--no-cache", flags->no_cache, "Neither read nor write the analysis cache");
  extract->add_flag("-y,--yes", flags->yes, "Overwrite the output");
  extract->callback([=] { *run = [=] { run_extract(*flags, *global); }; });

  auto as_json = std::make_shared<bool>(false);
  CLI::App* list = command->add_subcommand("list", "Show the styles that come with the weights");
  list->add_flag("--json", *as_json, "Print JSON");
  list->callback([=] { *run = [=] { run_list(*as_json, *global); }; });
}

}  // namespace resyncer::cli
