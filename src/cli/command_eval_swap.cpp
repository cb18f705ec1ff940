#include "cli/command_eval_swap.h"

#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "resyncer/pipeline/measure_swap.h"

namespace resyncer::cli {

namespace {

struct SwapFlags {
  std::filesystem::path result, footage, identity;
  pipeline::MeasureOptions options;
  bool as_json = false;
};

void run_swap(const SwapFlags& flags, const GlobalOptions& global) {
  const auto f = pipeline::measure_swap(flags.result, flags.footage, flags.identity,
                                        pipeline::find_models(global.models_folder()), flags.options);
  if (flags.as_json) {
    std::cout << nlohmann::json{{"result", flags.result.filename().string()},
                                {"frames", f.frames},
                                {"shape_to_identity_mm", f.shape_to_identity},
                                {"shape_to_footage_mm", f.shape_to_footage},
                                {"pose_error_degrees", f.pose_error},
                                {"expression_error_mm", f.expression_error},
                                {"opening_error", f.opening_error}}
                     .dump(2)
              << '\n';
    return;
  }
  std::printf("%-34s %6s  %-28s %10s %13s %8s\n", "result", "frames", "shape to identity, footage", "pose",
              "expression", "opening");
  std::printf("%-34s %6d  %9.2f mm %9.2f mm %11.2f deg %10.2f mm %8.3f\n", flags.result.filename().c_str(),
              f.frames, f.shape_to_identity, f.shape_to_footage, f.pose_error, f.expression_error,
              f.opening_error);
}

}  // namespace

void add_eval_swap(CLI::App* eval, GlobalOptions* global, Run* run) {
  auto flags = std::make_shared<SwapFlags>();
  CLI::App* command =
      eval->add_subcommand("swap", "Whose face a swap shows, and whether it moves as the footage did");
  command->add_option("result", flags->result, "Video that `render --identity` made")->required();
  command->add_option("--source", flags->footage, "Video that it was made from")->required();
  command->add_option("--identity", flags->identity, "Whose face was given")->required();
  command->add_option("--cache", flags->options.cache, "Folder that keeps the analyses");
  command->add_flag("--json", flags->as_json, "Print JSON");
  command->callback([=] { *run = [=] { run_swap(*flags, *global); }; });
}

}  // namespace resyncer::cli
