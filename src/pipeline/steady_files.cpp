#include "pipeline/steady_files.h"

#include <cerrno>
#include <cstring>

#include "resyncer/core/error.h"

namespace resyncer::pipeline {

SteadyFiles::SteadyFiles(const std::vector<std::filesystem::path>& files) {
  for (const auto& path : files) {
    Known known{path, {}};
    if (!path.empty() && ::stat(path.c_str(), &known.state) == 0) files_.push_back(std::move(known));
  }
}

void SteadyFiles::check() const {
  for (const auto& [path, then] : files_) {
    auto fail = [&, &place = path](const std::string& what, const std::string& remedy) {
      throw core::Error(core::ErrorKind::input, what, place.string(), remedy);
    };
    struct stat now {};
    if (::stat(path.c_str(), &now) != 0)
      fail(errno == ENOENT ? "was removed while it was read" : std::strerror(errno),
           "leave the file alone until the command ends");
    if (now.st_size > then.st_size && now.st_ino == then.st_ino)
      fail("the file is still growing", "wait until it is complete");
    const bool same = now.st_dev == then.st_dev && now.st_ino == then.st_ino && now.st_size == then.st_size &&
                      now.st_mtim.tv_sec == then.st_mtim.tv_sec &&
                      now.st_mtim.tv_nsec == then.st_mtim.tv_nsec;
    if (!same) fail("was changed while it was read", "leave the file alone until the command ends");
  }
}

}  // namespace resyncer::pipeline
