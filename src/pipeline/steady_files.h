// Inputs that must stay what they are while they are read more than once.
#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <vector>

namespace resyncer::pipeline {

class SteadyFiles {
 public:
  SteadyFiles() = default;
  // Remembers size, time of the last change and identity of each; empty paths count for nothing.
  explicit SteadyFiles(const std::vector<std::filesystem::path>& files);
  // Throws Error{input} when one is still growing, was changed, replaced or removed since.
  void check() const;

 private:
  struct Known {
    std::filesystem::path path;
    struct stat state;
  };
  std::vector<Known> files_;
};

}  // namespace resyncer::pipeline
