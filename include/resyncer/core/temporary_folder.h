// Where files of our own lie for a while.
#pragma once

#include <filesystem>

namespace resyncer::core {

// A new folder under $TMPDIR (/tmp), removed with all it holds when the object goes. Throws Error{output}.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace resyncer::core
