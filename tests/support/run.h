// Runs a program without a shell and catches all it says.
#pragma once

#include <string>
#include <vector>

namespace resyncer::support {

struct RunResult {
  int status = -1;  // exit code, or 128 + signal
  std::string out, err;
};

// `environment`: NAME=VALUE entries that are added to this process's own.
RunResult run(const std::vector<std::string>& command, const std::vector<std::string>& environment = {});

// The binary under test with the given arguments, without configuration files.
RunResult resyncer(const std::vector<std::string>& arguments,
                   const std::vector<std::string>& environment = {});

// The same binary without waiting for its end: its process, all it says thrown away.
int start_resyncer(const std::vector<std::string>& arguments,
                   const std::vector<std::string>& environment = {});
// Exit code of a started one, or 128 + signal.
int wait_for_end(int process);

}  // namespace resyncer::support
