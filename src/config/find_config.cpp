#include "resyncer/config/find_config.h"

#include <cstdlib>
#include <system_error>

namespace resyncer::config {

namespace fs = std::filesystem;

namespace {

fs::path folder_in(const char* variable) {
  const char* value = std::getenv(variable);
  const fs::path folder = value == nullptr ? "" : value;
  return folder.is_absolute() ? folder : fs::path();  // the XDG specification: a relative one is ignored
}

}  // namespace

fs::path user_file() {
  fs::path folder = folder_in("XDG_CONFIG_HOME");
  if (folder.empty()) {
    const fs::path home = folder_in("HOME");
    if (home.empty()) return {};
    folder = home / ".config";
  }
  return folder / "resyncer" / "config.toml";
}

std::optional<fs::path> find_project_file(const fs::path& start, const fs::path& home) {
  std::error_code ignored;
  for (fs::path folder = start;; folder = folder.parent_path()) {
    const bool is_border = folder == home || folder == folder.root_path();
    if (is_border && folder != start) return std::nullopt;
    if (fs::exists(folder / kProjectFile, ignored)) return folder / kProjectFile;
    if (is_border || folder.empty() || fs::exists(folder / ".git", ignored)) return std::nullopt;
  }
}

std::optional<fs::path> find_project_file() {
  std::error_code error;
  const fs::path here = fs::current_path(error);
  return error ? std::nullopt : find_project_file(here, folder_in("HOME"));
}

}  // namespace resyncer::config
