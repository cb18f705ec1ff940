#include "support/run.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "support/scratch_folder.h"

extern char** environ;

namespace resyncer::support {

namespace {

std::string read_all(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<char*> pointers(std::vector<std::string>* texts) {
  std::vector<char*> list;
  for (auto& text : *texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

pid_t start(const std::vector<std::string>& command, const std::vector<std::string>& environment,
            const std::string& out, const std::string& err) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), O_WRONLY | O_CREAT, 0600);
  std::vector<std::string> arguments = command, variables = environment;
  for (char** v = environ; *v != nullptr; ++v) variables.emplace_back(*v);
  auto argv = pointers(&arguments), envp = pointers(&variables);
  pid_t pid = 0;
  int failed = posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), envp.data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("cannot run " + command[0]);
  return pid;
}

std::vector<std::string> resyncer_command(const std::vector<std::string>& arguments) {
  std::vector<std::string> command{RESYNCER_BINARY_DIR "/bin/resyncer"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

// What a developer has configured is not under test.
std::vector<std::string> without_configuration(std::vector<std::string> environment) {
  environment.emplace_back("RESYNCER_NO_CONFIG=1");
  return environment;
}

}  // namespace

RunResult run(const std::vector<std::string>& command, const std::vector<std::string>& environment) {
  ScratchFolder scratch;
  std::string out = scratch.file("out"), err = scratch.file("err");
  const int status = wait_for_end(start(command, environment, out, err));
  return {status, read_all(out), read_all(err)};
}

RunResult resyncer(const std::vector<std::string>& arguments, const std::vector<std::string>& environment) {
  return run(resyncer_command(arguments), without_configuration(environment));
}

int start_resyncer(const std::vector<std::string>& arguments, const std::vector<std::string>& environment) {
  return start(resyncer_command(arguments), without_configuration(environment), "/dev/null", "/dev/null");
}

int wait_for_end(int process) {
  int status = 0;
  waitpid(process, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace resyncer::support
