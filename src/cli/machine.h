// What this process may use of the machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace resyncer::cli {

struct Machine {
  std::vector<std::string> cpu_features;       // of those that make a difference here
  int cores = 0;                               // that the process may run on
  std::optional<double> cgroup_cores;          // what its cgroup grants
  std::uint64_t memory = 0, free_memory = 0;   // bytes
  std::optional<std::uint64_t> cgroup_memory;  // bytes
};
Machine describe_machine();

// The file of a library that is loaded, links followed: "libblas.so.3". Empty when it is not.
std::string loaded_library(const std::string& name);

}  // namespace resyncer::cli
