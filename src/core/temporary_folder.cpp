#include "resyncer/core/temporary_folder.h"

#include <cstdlib>
#include <string>

#include "resyncer/core/error.h"

namespace resyncer::core {

TemporaryFolder::TemporaryFolder() {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
  std::string pattern = (parent / "resyncer-XXXXXX").string();
  if (error || ::mkdtemp(pattern.data()) == nullptr)
    throw Error(ErrorKind::output, "no temporary folder can be made", pattern, "set TMPDIR");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace resyncer::core
