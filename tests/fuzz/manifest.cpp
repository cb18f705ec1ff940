#include "fuzz/fuzz_input.h"
#include "resyncer/pipeline/models.h"
#include "support/scratch_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace resyncer;
  fuzz::InputFile file(data, size);
  support::ScratchFolder folder;
  std::filesystem::create_symlink(file.path(), folder / "manifest.json");
  return fuzz::read_or_refuse([&] {
    pipeline::ModelSet set = pipeline::find_models(folder.path());
    for (const auto& entry : set.entries) fuzz::require(entry.file.parent_path() == folder.path());
    pipeline::check_file(set.get("face-model"));
  });
}
