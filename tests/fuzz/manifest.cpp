#include <system_error>

#include "fuzz/fuzz_input.h"
#include "resyncer/pipeline/models.h"

namespace {
// A folder whose manifest.json is the input.
class Folder {
 public:
  explicit Folder(const std::filesystem::path& manifest) {
    std::string pattern = (std::filesystem::temp_directory_path() / "resyncer-fuzz-XXXXXX").string();
    resyncer::fuzz::require(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
    std::filesystem::create_symlink(manifest, path_ / "manifest.json");
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace resyncer;
  fuzz::InputFile file(data, size);
  Folder folder(file.path());
  return fuzz::read_or_refuse([&] {
    pipeline::ModelSet set = pipeline::find_models(folder.path());
    for (const auto& entry : set.entries) fuzz::require(entry.file.parent_path() == folder.path());
    pipeline::check_file(set.get("face-model"));
  });
}
