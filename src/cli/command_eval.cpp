#include <spdlog/spdlog.h>

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "cli/command_eval_lips.h"
#include "cli/command_eval_result.h"
#include "cli/command_eval_swap.h"
#include "resyncer/pipeline/cache.h"
#include "resyncer/pipeline/measure.h"
#include "resyncer/pipeline/measure_sync.h"

namespace resyncer::cli {

namespace {

using nlohmann::json;

struct EvalFlags {
  std::vector<std::filesystem::path> clips;
  std::filesystem::path speech;
  pipeline::MeasureOptions options;
  std::string from, to;  // moments
  bool as_json = false, expert = false;
};

json paint_json(const pipeline::PaintFigures& f) {
  return {{"psnr", f.psnr},
          {"ssim", f.ssim},
          {"sharpness_ratio", f.sharpness_ratio},
          {"seam_ratio", f.seam_ratio},
          {"flicker_ratio", f.flicker_ratio}};
}

void run_mesh(const EvalFlags& flags, const GlobalOptions& global) {
  pipeline::ModelSet models = pipeline::find_models(global.models_folder());
  json list = json::array();
  double error = 0;
  if (!flags.as_json)
    std::printf("%-34s %6s %12s %12s %14s\n", "clip", "frames", "reprojection", "still frames",
                "lip jitter px");
  for (const auto& clip : flags.clips) {
    auto f = pipeline::measure_mesh(clip, models, flags.options);
    list.push_back({{"clip", clip.filename().string()},
                    {"frames", f.frames},
                    {"reprojection_error", f.reprojection_error},
                    {"still_frames", f.still_frames},
                    {"lip_jitter", f.lip_jitter}});
    error += f.reprojection_error;
    if (flags.as_json) continue;
    const std::string jitter = f.still_frames > 0 ? fmt::format("{:.3f}", f.lip_jitter) : "-";
    std::printf("%-34s %6d %10.2f %% %12d %14s\n", clip.filename().c_str(), f.frames,
                100 * f.reprojection_error, f.still_frames, jitter.c_str());
  }
  if (flags.as_json)
    std::cout << json{{"clips", list}}.dump(2) << '\n';
  else
    std::printf("%-34s %6s %10.2f %%\n", "mean", "", 100 * error / double(flags.clips.size()));
}

void add(const pipeline::PaintFigures& f, double share, pipeline::PaintFigures* sum) {
  sum->psnr += share * f.psnr, sum->ssim += share * f.ssim;
  sum->sharpness_ratio += share * f.sharpness_ratio;
  sum->seam_ratio += share * f.seam_ratio, sum->flicker_ratio += share * f.flicker_ratio;
}

void print_painting(const std::string& name, const std::string& frames, const pipeline::PaintFigures& network,
                    const pipeline::PaintFigures& warp) {
  std::printf("%-34s %6s  %12.2f %5.3f %5.2f %4.2f %6.2f  %9.2f %5.3f %+6.2f\n", name.c_str(), frames.c_str(),
              network.psnr, network.ssim, network.sharpness_ratio, network.seam_ratio, network.flicker_ratio,
              warp.psnr, warp.ssim, network.psnr - warp.psnr);
  std::fflush(stdout);
}

void run_generator(EvalFlags flags, const GlobalOptions& global) {
  if (!flags.from.empty()) flags.options.stretch.from = pipeline::parse_moment(flags.from);
  if (!flags.to.empty()) flags.options.stretch.to = pipeline::parse_moment(flags.to);
  pipeline::ModelSet models = pipeline::find_models(global.models_folder());
  json list = json::array();
  const auto n = double(flags.clips.size());
  pipeline::PaintFigures mean, warp;
  if (!flags.as_json)
    std::printf("%-34s %6s  %-36s %-14s %s\n", "clip", "frames", "network PSNR SSIM sharp seam flicker",
                "warp PSNR SSIM", "gain dB");
  for (const auto& clip : flags.clips) {
    auto f = pipeline::measure_generator(clip, models, flags.options);
    list.push_back({{"clip", clip.filename().string()},
                    {"frames", f.frames},
                    {"network", paint_json(f.network)},
                    {"warp", paint_json(f.warp)},
                    {"reprojection_error", f.reprojection_error}});
    add(f.network, 1 / n, &mean);
    add(f.warp, 1 / n, &warp);
    if (!flags.as_json) print_painting(clip.filename().string(), std::to_string(f.frames), f.network, f.warp);
  }
  if (flags.as_json)
    std::cout << json{{"clips", list}}.dump(2) << '\n';
  else
    print_painting("mean", "", mean, warp);
}

json closures_json(const eval::Closures& c) { return {{"phones", c.spans}, {"shut", c.shut}}; }

// "25/27 (22, 24)": lips that shut, of the bilabials heard; those of the fitted mesh, and those that are
// seen.
std::string bilabials_text(const pipeline::MotionFigures& f) {
  if (f.bilabials.spans == 0) return "-";
  return fmt::format("{}/{} ({}, {})", f.bilabials.shut, f.bilabials.spans, f.bilabials_mesh.shut,
                     f.bilabials_seen.shut);
}

void add(const eval::Closures& c, eval::Closures* sum) { sum->spans += c.spans, sum->shut += c.shut; }

void run_motion(const EvalFlags& flags, const GlobalOptions& global) {
  pipeline::ModelSet models = pipeline::find_models(global.models_folder());
  json list = json::array();
  pipeline::MotionFigures all;
  auto print = [&](const std::string& name, const std::string& lag, const std::string& amplitude,
                   const pipeline::MotionFigures& f) {
    if (flags.as_json) return;
    std::printf("%-34s %6d %11.3f %4s %10s %13.1f %% %18s\n", name.c_str(), f.frames, f.correlation,
                lag.c_str(), amplitude.c_str(), 100 * f.open_in_silence, bilabials_text(f).c_str());
  };
  if (!flags.as_json)
    std::printf("%-34s %6s %11s %4s %10s %15s %18s\n", "clip", "frames", "correlation", "lag", "amplitude",
                "open in silence", "bilabials shut");
  const auto n = double(flags.clips.size());
  for (const auto& clip : flags.clips) {
    auto f = pipeline::measure_motion(clip, models, flags.options);
    list.push_back({{"clip", clip.filename().string()},
                    {"frames", f.frames},
                    {"correlation", f.correlation},
                    {"lag", f.lag},
                    {"amplitude_ratio", f.amplitude_ratio},
                    {"open_in_silence", f.open_in_silence}});
    if (!flags.options.phones.empty())
      list.back()["bilabials"] = {{"predicted", closures_json(f.bilabials)},
                                  {"fitted_mesh", closures_json(f.bilabials_mesh)},
                                  {"seen", closures_json(f.bilabials_seen)}};
    print(clip.filename().string(), fmt::format("{:+d}", f.lag), fmt::format("{:.2f}", f.amplitude_ratio), f);
    all.frames += f.frames;
    all.correlation += f.correlation / n, all.open_in_silence += f.open_in_silence / n;
    add(f.bilabials, &all.bilabials), add(f.bilabials_mesh, &all.bilabials_mesh);
    add(f.bilabials_seen, &all.bilabials_seen);
  }
  print("all", "", "", all);
  if (flags.as_json) std::cout << json{{"clips", list}}.dump(2) << '\n';
}

void run_render(const EvalFlags& flags, const GlobalOptions& global) {
  pipeline::ModelSet models = pipeline::find_models(global.models_folder());
  json list = json::array();
  double correlation = 0;
  if (!flags.as_json)
    std::printf("%-34s %6s %11s %4s %10s\n", "clip", "frames", "correlation", "lag", "amplitude");
  for (const auto& clip : flags.clips) {
    auto f = pipeline::measure_render(clip, flags.speech, models, flags.options);
    list.push_back({{"clip", clip.filename().string()},
                    {"frames", f.frames},
                    {"correlation", f.correlation},
                    {"lag", f.lag},
                    {"amplitude_ratio", f.amplitude_ratio}});
    correlation += f.correlation;
    if (flags.as_json) continue;
    std::printf("%-34s %6d %11.3f %4d %10.2f\n", clip.filename().c_str(), f.frames, f.correlation, f.lag,
                f.amplitude_ratio);
    std::fflush(stdout);
  }
  if (flags.as_json)
    std::cout << json{{"clips", list}}.dump(2) << '\n';
  else
    std::printf("%-34s %6s %11.3f\n", "mean", "", correlation / double(flags.clips.size()));
}

double share(int part, int whole) { return whole > 0 ? double(part) / whole : 0; }

json ranks_json(const sync::RankFigures& r) {
  return {{"windows", r.windows},
          {"above_shifted", share(r.above_shifted, r.windows)},
          {"pairs", r.pairs},
          {"above_others", share(r.above_others, r.pairs)}};
}

void run_sync(const EvalFlags& flags, const GlobalOptions& global) {
  const auto figures = pipeline::measure_sync(flags.clips, pipeline::find_models(global.models_folder()),
                                              flags.options, flags.expert ? "sync-expert" : "sync-judge");
  json list = json::array();
  sync::RankFigures all, aligned;
  auto add = [](const sync::RankFigures& r, sync::RankFigures* sum) {
    sum->windows += r.windows, sum->above_shifted += r.above_shifted;
    sum->pairs += r.pairs, sum->above_others += r.above_others;
  };
  auto print = [&](const char* name, const std::string& offset, double confidence,
                   const sync::RankFigures& as_is, const sync::RankFigures& moved) {
    if (flags.as_json) return;
    std::printf("%-34s %6s %10.3f %13.1f %% %11.1f %% %13.1f %% %11.1f %%\n", name, offset.c_str(),
                confidence, 100 * share(as_is.above_shifted, as_is.windows),
                100 * share(as_is.above_others, as_is.pairs), 100 * share(moved.above_shifted, moved.windows),
                100 * share(moved.above_others, moved.pairs));
  };
  if (!flags.as_json)
    std::printf("%-34s %6s %10s %15s %13s %31s\n", "clip", "offset", "confidence", "above shifted",
                "above others", "both, own offset taken off");
  double confidence = 0;
  for (const auto& f : figures) {
    list.push_back({{"clip", f.clip.filename().string()},
                    {"offset", f.reading.offset},
                    {"confidence", f.reading.confidence},
                    {"score", f.reading.best},
                    {"windows", f.reading.windows},
                    {"ranks", ranks_json(f.ranks)},
                    {"ranks_aligned", ranks_json(f.aligned)}});
    print(f.clip.filename().c_str(), fmt::format("{:+d}", f.reading.offset), f.reading.confidence, f.ranks,
          f.aligned);
    add(f.ranks, &all), add(f.aligned, &aligned);
    confidence += f.reading.confidence / double(figures.size());
  }
  print("all", "", confidence, all, aligned);
  if (flags.as_json)
    std::cout
        << json{{"clips", list}, {"ranks", ranks_json(all)}, {"ranks_aligned", ranks_json(aligned)}}.dump(2)
        << '\n';
}

}  // namespace

void add_eval(CLI::App* app, GlobalOptions* global, Run* run) {
  CLI::App* parent = app->add_subcommand(
      "eval", "Measure a rendered video; or the networks, on footage that they have never seen");
  add_eval_result(parent, global, run);
  add_eval_swap(parent, global, run);
  auto flags = std::make_shared<EvalFlags>();
  CLI::App* mesh = parent->add_subcommand("mesh", "Fit the face model to people");
  CLI::App* generator =
      parent->add_subcommand("generator", "Repaint people's own mouths, with their own mesh");
  CLI::App* motion = parent->add_subcommand("motion", "Guess people's own lips from their speech");
  CLI::App* render =
      parent->add_subcommand("render", "Render with another speech and track the lips in the result");
  render->add_option("-a,--audio", flags->speech, "Speech")->required();
  CLI::App* sync = parent->add_subcommand("sync", "Judge whether mouths and sound go together");
  sync->add_flag("--expert", flags->expert, "Ask the sync expert, not the judge");
  CLI::App* lips = parent->add_subcommand("lips", "How far the lips are open, frame by frame");
  for (CLI::App* command : {mesh, generator, motion, render, sync, lips}) {
    command->add_option("clips", flags->clips, "Video files with one talking person")->required();
    command->add_option("--cache", flags->options.cache, "Folder that keeps the analyses");
    command->add_flag("--json", flags->as_json, "Print JSON");
  }
  generator->add_option("--frames", flags->options.frames, "Frames measured a clip")
      ->check(CLI::PositiveNumber);
  generator->add_option("--gap", flags->options.min_reference_gap,
                        "Seconds between a frame and its references");
  generator->add_option("--person", flags->options.person,
                        "Adaptation of the generator (resyncer personalize)");
  generator->add_option("--from", flags->from, "Begin at this moment: seconds, or a share of the clip (80%)");
  generator->add_option("--to", flags->to, "End at this moment");
  mesh->callback([=] { *run = [=] { run_mesh(*flags, *global); }; });
  generator->callback([=] { *run = [=] { run_generator(*flags, *global); }; });
  render->callback([=] { *run = [=] { run_render(*flags, *global); }; });
  lips->callback(
      [=] { *run = [=] { run_eval_lips(flags->clips, flags->options, flags->as_json, *global); }; });
  sync->callback([=] { *run = [=] { run_sync(*flags, *global); }; });
  motion->add_option("--phones", flags->options.phones,
                     "Phoneme times of the clips (scripts/phones.py): count the bilabials whose lips shut");
  motion->callback([=] { *run = [=] { run_motion(*flags, *global); }; });
}

}  // namespace resyncer::cli
