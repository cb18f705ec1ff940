// A new folder for every test that writes files: tests run side by side and must not meet.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace resyncer::support {

// Removed with all it holds when the object goes. Its name has blanks and letters beyond ASCII.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  std::string file(const std::string& name) const { return (path_ / name).string(); }
  // Names of all that lies in it, sorted.
  std::vector<std::string> names() const;

 private:
  std::filesystem::path path_;
};

}  // namespace resyncer::support
