#include "cli/command_line.h"

#include <algorithm>

#include "cli/examples.h"
#include "cli/option_table.h"
#include "resyncer/core/error.h"

namespace resyncer::cli {

namespace {

// The innermost command that is typed, and where its arguments begin.
struct Chosen {
  const CLI::App* command = nullptr;
  std::size_t begin = 0;
};

// CLI11 says how many arguments are left when a command's turn has come.
void watch(CLI::App* command, std::size_t count, Chosen* chosen) {
  command->preparse_callback([=](std::size_t left) { *chosen = {command, count - left}; });
  for (CLI::App* inner : command->get_subcommands([](CLI::App*) { return true; }))
    watch(inner, count, chosen);
}

// These work without configuration, or look into it themselves.
bool ignores_configuration(const CLI::App& command) {
  const std::string name = full_name(command);
  return name == "config path" || name.rfind("completion", 0) == 0 || name == "man";
}

// Only doctor is of use while the configuration is faulty: it tells.
bool bears_faults(const CLI::App& command) { return full_name(command) == "doctor"; }

// What is typed, into `typed`. What is missing may still come from the configuration.
Chosen parse_typed(int argc, char** argv, CommandLine* typed) {
  Chosen chosen;
  watch(&typed->app, std::size_t(argc - 1), &chosen);
  try {
    typed->app.parse(argc, argv);
  } catch (const CLI::RequiredError&) {
  } catch (const CLI::RequiresError&) {
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) typed->app.exit(e);  // prints --help, --version
    throw;
  }
  return chosen;
}

}  // namespace

CommandLine::CommandLine(bool with_defaults) {
  app.set_version_flag("--version", "resyncer " RESYNCER_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.option_defaults()->always_capture_default(with_defaults);

  auto* verbose = app.add_flag("-v,--verbose", global.verbosity, "Say more (twice: everything)");
  app.add_flag("-q,--quiet", quiet, "Say only errors")->excludes(verbose);
  app.add_option("--log-format", global.log_format, "text or json")->check(CLI::IsMember({"text", "json"}));
  app.add_option("--models", global.models,
                 "Folder of the weights (default: $RESYNCER_MODELS, beside the binary)");
  app.add_option("--progress", global.progress, "Write progress as key=value lines to FILE or fd:N");
  add_config_options(&app, &config);

  add_render(&app, &global, &run);
  add_inspect(&app, &global, &run);
  add_models(&app, &global, &run);
  add_personalize(&app, &global, &run);
  add_style(&app, &global, &run);
  add_prepare(&app, &global, &run);
  add_train(&app, &global, &run);
  add_eval(&app, &global, &run);
  add_compare(&app, &global, &run);
  add_batch(&app, &global, &run);
  add_golden(&app, &global, &run);
  add_bench(&app, &global, &run);
  add_config(&app, &global, &run);
  add_doctor(&app, &global, &run);
  add_completion(&app, &run);
  add_man(&app, &run);
  add_examples(&app);
}

std::unique_ptr<CommandLine> parse_command_line(int argc, char** argv, Configuration* configuration) {
  CommandLine typed(false);
  const Chosen chosen = parse_typed(argc, argv, &typed);
  std::vector<std::string> line(argv + 1, argv + argc);
  if (chosen.command != nullptr && !ignores_configuration(*chosen.command)) {
    try {
      *configuration = read_configuration(typed.app, process_environment);
    } catch (const core::Error& e) {
      if (!bears_faults(*chosen.command)) throw;
      configuration->fault = e.what();
    }
    const auto insert = [&](const CLI::App& command, std::size_t at) {
      const Settings settings = settings_in_force(*configuration, command);
      const std::vector<std::string> more = arguments(command, settings);
      line.insert(line.begin() + std::ptrdiff_t(at), more.begin(), more.end());
      configuration->added.insert(configuration->added.end(), settings.begin(), settings.end());
    };
    if (chosen.command != &typed.app) insert(*chosen.command, chosen.begin);
    insert(typed.app, 0);
  }
  auto result = std::make_unique<CommandLine>(true);
  result->global.configuration = configuration;
  std::reverse(line.begin(), line.end());  // as CLI11 wants it
  result->app.parse(line);
  if (result->quiet) result->global.verbosity = -1;
  return result;
}

}  // namespace resyncer::cli
