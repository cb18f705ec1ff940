// Runs a program without a shell and catches all it says.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace resyncer::testing {

struct RunResult {
  int status = -1;  // exit code, or 128 + signal
  std::string out, err;
};

// `environment`: NAME=VALUE entries that are added to this process's own.
RunResult run(const std::vector<std::string>& command, const std::vector<std::string>& environment = {});

// The binary under test with the given arguments.
RunResult resyncer(const std::vector<std::string>& arguments,
                   const std::vector<std::string>& environment = {});

// A folder that is removed at the end of the test.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  const std::filesystem::path& path() const { return path_; }
  // Names of all that lies in it, sorted.
  std::vector<std::string> names() const;

 private:
  std::filesystem::path path_;
};

}  // namespace resyncer::testing
