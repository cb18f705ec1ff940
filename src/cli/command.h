// A subcommand: its options are declared on an App while parsing, and `run` is called only when all of the
// command line is known to be right. One pair of files a subcommand.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace resyncer::cli {

struct Configuration;

struct GlobalOptions {
  int verbosity = 0;  // -q = -1, -v = 1, -vv = 2
  std::string log_format = "text";
  std::string models;                            // empty = search
  std::string progress;                          // FILE or fd:N
  const Configuration* configuration = nullptr;  // what the environment and the configuration files say

  std::optional<std::filesystem::path> models_folder() const {
    return models.empty() ? std::nullopt : std::optional<std::filesystem::path>(models);
  }
};

using Run = std::function<void()>;

// Each adds its subcommand to `app` and stores in `run` what to do when it was chosen.
void add_render(CLI::App* app, GlobalOptions* global, Run* run);
void add_inspect(CLI::App* app, GlobalOptions* global, Run* run);
void add_models(CLI::App* app, GlobalOptions* global, Run* run);
void add_personalize(CLI::App* app, GlobalOptions* global, Run* run);
void add_prepare(CLI::App* app, GlobalOptions* global, Run* run);
void add_train(CLI::App* app, GlobalOptions* global, Run* run);
void add_eval(CLI::App* app, GlobalOptions* global, Run* run);
void add_compare(CLI::App* app, GlobalOptions* global, Run* run);
void add_style(CLI::App* app, GlobalOptions* global, Run* run);
void add_batch(CLI::App* app, GlobalOptions* global, Run* run);
void add_golden(CLI::App* app, GlobalOptions* global, Run* run);
void add_bench(CLI::App* app, GlobalOptions* global, Run* run);
void add_config(CLI::App* app, GlobalOptions* global, Run* run);
void add_doctor(CLI::App* app, GlobalOptions* global, Run* run);
void add_completion(CLI::App* app, Run* run);
void add_man(CLI::App* app, Run* run);

}  // namespace resyncer::cli
