#include <iostream>

#include "cli/command.h"
#include "resyncer/pipeline/models.h"

namespace resyncer::cli {

namespace {

void run_verify(const GlobalOptions& global) {
  pipeline::ModelSet set = pipeline::find_models(global.models_folder());
  for (const auto& entry : set.entries) {
    pipeline::verify(set, entry.id);
    std::cout << entry.id << ' ' << entry.version << ": ok\n";
  }
}

void run_list(const GlobalOptions& global) {
  for (const auto& entry : pipeline::find_models(global.models_folder()).entries)
    std::cout << entry.id << '\t' << entry.version << '\t' << entry.bytes << " bytes\t" << entry.licence
              << '\t' << entry.data << '\n';
}

// The line that goes into manifest.json after a training.
void run_probe_command(const std::string& id, const GlobalOptions& global) {
  pipeline::Probe probe = pipeline::run_probe(pipeline::find_models(global.models_folder()), id);
  std::cout.precision(8);
  std::cout << "{\"mean\": " << probe.mean << ", \"deviation\": " << probe.deviation << "}\n";
}

}  // namespace

void add_models(CLI::App* app, GlobalOptions* global, Run* run) {
  CLI::App* command = app->add_subcommand("models", "The weights of this program");
  command->require_subcommand(1);
  command->add_subcommand("verify", "Check hashes, shapes and the answer of every model to its probe")
      ->callback([=] { *run = [=] { run_verify(*global); }; });
  command->add_subcommand("list", "Versions, sizes, licences and training data")->callback([=] {
    *run = [=] { run_list(*global); };
  });
  auto id = std::make_shared<std::string>();
  CLI::App* probe = command->add_subcommand("probe", "Print a model's answer to its probe, for the manifest");
  probe->add_option("id", *id)->required();
  probe->callback([=] { *run = [=] { run_probe_command(*id, *global); }; });
}

}  // namespace resyncer::cli
