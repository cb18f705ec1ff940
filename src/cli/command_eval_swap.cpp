#include "cli/command_eval_swap.h"

#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "resyncer/pipeline/measure_swap.h"
#include "resyncer/train/identity.h"

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
                                {"likeness_to_identity", f.likeness_to_identity},
                                {"likeness_to_footage", f.likeness_to_footage},
                                {"pose_error_degrees", f.pose_error},
                                {"turning_error_degrees", f.turning_error},
                                {"expression_error_mm", f.expression_error},
                                {"opening_error", f.opening_error}}
                     .dump(2)
              << '\n';
    return;
  }
  std::printf("%-34s %6s  %-26s  %-26s %9s %11s %11s %8s\n", "result", "frames", "shape to identity, footage",
              "like the identity, footage", "pose", "turning", "expression", "opening");
  std::printf("%-34s %6d %9.2f mm %9.2f mm    %12.2f %12.2f %9.2f deg %7.2f deg %8.2f mm %8.3f\n",
              flags.result.filename().c_str(), f.frames, f.shape_to_identity, f.shape_to_footage,
              f.likeness_to_identity, f.likeness_to_footage, f.pose_error, f.turning_error,
              f.expression_error, f.opening_error);
}

struct IdentityFlags {
  std::vector<std::filesystem::path> datasets;
};

void run_identity(const IdentityFlags& flags, const GlobalOptions& global) {
  const pipeline::ModelSet models = pipeline::find_models(global.models_folder());
  const auto f = train::measure_identity(models.get("identity").file, flags.datasets);
  std::printf(
      "equal error %.1f %%, ranked right %.1f %%, of %d pairs of one person and %d of two; threshold %.2f\n",
      100 * f.equal_error, 100 * f.ranked_right, f.same, f.different, f.threshold);
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
  auto people = std::make_shared<IdentityFlags>();
  CLI::App* identity = eval->add_subcommand("identity", "How well the identity network tells people apart");
  identity->add_option("datasets", people->datasets, "Dataset files (resyncer prepare identity)")->required();
  identity->callback([=] { *run = [=] { run_identity(*people, *global); }; });
}

}  // namespace resyncer::cli
