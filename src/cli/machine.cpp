#include "cli/machine.h"

#include <sched.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace resyncer::cli {

namespace {

namespace fs = std::filesystem;

// The words after "NAME" in the first line of a file of /proc that begins so.
std::vector<std::string> words_after(const char* file, const std::string& name) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    if (line.rfind(name, 0) != 0) continue;
    std::istringstream rest(line.substr(line.find(':') + 1));
    std::vector<std::string> words;
    for (std::string word; rest >> word;) words.push_back(word);
    return words;
  }
  return {};
}

std::uint64_t memory_figure(const std::string& name) {
  const auto words = words_after("/proc/meminfo", name);
  return words.empty() ? 0 : std::strtoull(words[0].c_str(), nullptr, 10) * 1024;
}

// The folders that may hold a limit: the process's own cgroup, as seen from outside a container or inside.
std::vector<fs::path> cgroup_folders(const std::string& controller) {
  std::vector<fs::path> folders;
  std::ifstream stream("/proc/self/cgroup");
  for (std::string line; std::getline(stream, line);) {  // "4:memory:/a/b"; version 2: "0::/a/b"
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos || second + 2 > line.size()) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 2);
    if (controllers.empty()) folders.push_back(fs::path("/sys/fs/cgroup") / path);
    if (controllers.find(controller) != std::string::npos)
      folders.push_back(fs::path("/sys/fs/cgroup") / controller / path);
  }
  folders.emplace_back("/sys/fs/cgroup");
  folders.push_back(fs::path("/sys/fs/cgroup") / controller);
  return folders;
}

// The numbers of a file; none when it says "max" or is not there.
std::vector<double> numbers_in(const fs::path& file) {
  std::ifstream stream(file);
  std::vector<double> numbers;
  for (double number; stream >> number;) numbers.push_back(number);
  return numbers;
}

std::optional<double> cgroup_cores() {
  for (const fs::path& folder : cgroup_folders("cpu")) {
    const auto limit = numbers_in(folder / "cpu.max");
    if (limit.size() == 2 && limit[1] > 0) return limit[0] / limit[1];
    const auto quota = numbers_in(folder / "cpu.cfs_quota_us"),
               period = numbers_in(folder / "cpu.cfs_period_us");
    if (!quota.empty() && quota[0] > 0 && !period.empty() && period[0] > 0) return quota[0] / period[0];
  }
  return std::nullopt;
}

std::optional<std::uint64_t> cgroup_memory() {
  constexpr double kUnlimited = 1e15;  // version 1 writes a number close to 2^63
  for (const fs::path& folder : cgroup_folders("memory"))
    for (const char* name : {"memory.max", "memory.limit_in_bytes"}) {
      const auto limit = numbers_in(folder / name);
      if (!limit.empty() && limit[0] < kUnlimited) return std::uint64_t(limit[0]);
    }
  return std::nullopt;
}

}  // namespace

Machine describe_machine() {
  Machine machine;
  const auto flags = words_after("/proc/cpuinfo", "flags");
  const std::set<std::string> known(flags.begin(), flags.end());
  for (const char* feature : {"avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16"})
    if (known.count(feature) != 0) machine.cpu_features.emplace_back(feature);
  cpu_set_t cores;
  if (::sched_getaffinity(0, sizeof cores, &cores) == 0) machine.cores = CPU_COUNT(&cores);
  machine.cgroup_cores = cgroup_cores();
  machine.memory = memory_figure("MemTotal");
  machine.free_memory = memory_figure("MemAvailable");
  machine.cgroup_memory = cgroup_memory();
  return machine;
}

std::string loaded_library(const std::string& name) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    const std::size_t slash = line.find('/');
    if (slash == std::string::npos) continue;
    const fs::path file = line.substr(slash);
    if (file.filename().string().rfind(name, 0) == 0) return file.string();
  }
  return "";
}

}  // namespace resyncer::cli
