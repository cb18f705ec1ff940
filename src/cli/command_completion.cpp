// resyncer completion SHELL and resyncer man: what the option table says, for shells and for man(1).
#include <iostream>

#include "cli/command.h"
#include "cli/completion.h"
#include "cli/man_page.h"
#include "cli/option_table.h"
#include "resyncer/core/error.h"
#include "resyncer/core/output_file.h"

namespace resyncer::cli {

namespace {

struct ManFlags {
  std::vector<std::string> command;
  std::filesystem::path folder;
};

void run_man(const CLI::App& root, const ManFlags& flags) {
  if (!flags.folder.empty()) {
    for (const CLI::App* command : all_commands(root))
      core::write_text(flags.folder / (page_name(*command) + ".1"), man_page(root, *command));
    return;
  }
  const std::string name = CLI::detail::join(flags.command, " ");
  const CLI::App* command = find_command(root, name);
  if (command == nullptr)
    throw core::Error(core::ErrorKind::usage, "there is no command '" + name + "'", "",
                      "see resyncer --help");
  std::cout << man_page(root, *command);
}

}  // namespace

void add_completion(CLI::App* app, Run* run) {
  CLI::App* command =
      app->add_subcommand("completion", "Print a script that completes command lines in a shell");
  command->require_subcommand(1);
  for (const auto& [shell, script] :
       {std::pair{"bash", &bash_completion}, {"zsh", &zsh_completion}, {"fish", &fish_completion}}) {
    const auto write = script;
    command->add_subcommand(shell, std::string("For ") + shell)->callback([=] {
      *run = [=] { std::cout << write(*app); };
    });
  }
}

void add_man(CLI::App* app, Run* run) {
  auto flags = std::make_shared<ManFlags>();
  CLI::App* command = app->add_subcommand("man", "Print the manual page of the program, or of a command");
  auto* name = command->add_option("command", flags->command, "Command, as in: render, or: train sync");
  command
      ->add_option("--all", flags->folder,
                   "Write the pages of all commands into this folder, in place of those there")
      ->excludes(name);
  command->callback([=] { *run = [=] { run_man(*app, *flags); }; });
}

}  // namespace resyncer::cli
