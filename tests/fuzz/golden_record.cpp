#include "fuzz/fuzz_input.h"
#include "resyncer/pipeline/golden.h"
#include "support/scratch_folder.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace resyncer;
  fuzz::InputFile file(data, size);
  support::ScratchFolder folder;
  std::filesystem::create_symlink(file.path(), folder / "golden.json");
  return fuzz::read_or_refuse([&] {
    const pipeline::GoldenRecord record = pipeline::load_golden(folder.path());
    for (const auto& picture : record.pictures)
      fuzz::require(picture.frame < std::int64_t(record.frames.size()) && !picture.view.empty());
    (void)pipeline::compare_golden(record, record, pipeline::GoldenRigour::by_machine);
  });
}
