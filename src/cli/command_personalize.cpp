#include <spdlog/spdlog.h>

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/face_choice.h"
#include "cli/outputs.h"
#include "cli/progress_bar.h"
#include "resyncer/pipeline/personalize.h"

namespace resyncer::cli {

namespace {

struct PersonalizeFlags {
  pipeline::PersonalizeOptions options;
  FaceFlags face;
  std::string until;
  bool overwrite = false, no_cache = false, as_json = false;
};

nlohmann::json figures_json(const pipeline::PaintFigures& f) {
  return {{"psnr", f.psnr}, {"ssim", f.ssim}, {"sharpness_ratio", f.sharpness_ratio}};
}

void print_table(const pipeline::PersonalizeReport& r) {
  std::printf("%-24s %7s %6s %6s\n", "held-out stretch", "PSNR", "SSIM", "sharp");
  auto row = [](const char* name, const pipeline::PaintFigures& f) {
    std::printf("%-24s %7.2f %6.3f %6.2f\n", name, f.psnr, f.ssim, f.sharpness_ratio);
  };
  row("before", r.before);
  row(r.improved ? "after" : "after (refused)", r.after);
}

void run_personalize(PersonalizeFlags flags, const GlobalOptions& global) {
  auto& options = flags.options;
  options.face = parse_face_choice(flags.face);
  if (!flags.until.empty()) options.until = pipeline::parse_moment(flags.until);
  options.use_cache = !flags.no_cache;
  spare_inputs({options.output, options.checkpoint}, {options.input});
  check_overwrite(options.output, flags.overwrite ? Overwrite::always : Overwrite::ask);
  options.measured = [](std::int64_t step, double psnr, bool best) {
    spdlog::debug("step {}: {:.3f} dB in the crop{}", step, psnr, best ? " (best)" : "");
  };
  ProgressBar bar(global);
  const pipeline::ModelSet models = pipeline::find_models(global.models_folder());
  const pipeline::PersonalizeReport report = pipeline::personalize(options, models, bar.sink());
  bar.finish();
  if (flags.as_json)
    std::cout << nlohmann::json{{"frames", report.frames},
                                {"held_out_frames", report.held_out_frames},
                                {"steps", report.steps},
                                {"best_step", report.best_step},
                                {"before", figures_json(report.before)},
                                {"after", figures_json(report.after)},
                                {"improved", report.improved}}
                     .dump(2)
              << '\n';
  else
    print_table(report);
  if (report.improved)
    spdlog::info(
        "{}: learned from {} frames in {} steps, the best after {}: {:+.2f} dB on {} frames held out",
        options.output.string(), report.frames, report.steps, report.best_step,
        report.after.psnr - report.before.psnr, report.held_out_frames);
  else
    spdlog::warn("{}: nothing that was learned paints the held-out stretch better; the file changes nothing",
                 options.output.string());
}

}  // namespace

void add_personalize(CLI::App* app, GlobalOptions* global, Run* run) {
  auto flags = std::make_shared<PersonalizeFlags>();
  auto& o = flags->options;
  CLI::App* command = app->add_subcommand("personalize", "Adapt the generator to the person in a video");
  command->add_option("input", o.input, "Video of one person, speaking")->required();
  command->add_option("-o,--output", o.output, "Person file, for render --person")->required();
  command->add_option("--minutes", o.minutes, "Of learning, at most")->check(CLI::PositiveNumber);
  command->add_option("--steps", o.steps, "Steps, at most (default: as many as the minutes allow)")
      ->check(CLI::PositiveNumber);
  command->add_option("--until", flags->until, "Use the video up to this moment: seconds, or a share (80%)");
  command->add_option("--held-out", o.held_out, "Share of it, at its end, that is only measured on")
      ->check(CLI::Range(0.01, 0.9));
  command->add_option("--learning-rate", o.learning_rate, "Peak learning rate")->check(CLI::PositiveNumber);
  command->add_option("--seed", o.seed, "Seed");
  command->add_option("--checkpoint", o.checkpoint, "State to resume from, written as the learning goes");
  command->add_flag("--resume", o.resume, "Go on from the checkpoint");
  add_face_options(command, &flags->face, &o.tracker);
  command->add_option("--cache", o.cache_folder, "Another folder for the analysis cache");
  command->add_flag("--no-cache", flags->no_cache, "Neither read nor write the analysis cache");
  command->add_flag("--json", flags->as_json, "Print JSON");
  command->add_flag("-y,--yes", flags->overwrite, "Overwrite the output");
  command->callback([=] { *run = [=] { run_personalize(*flags, *global); }; });
}

}  // namespace resyncer::cli
