#include "train/identity_dataset.h"

#include "fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace resyncer;
  fuzz::InputFile file(data, size);
  return fuzz::read_or_refuse([&] {
    const train::IdentityDataset dataset = train::load_identity_dataset(file.path());
    const std::size_t picture = std::size_t(dataset.side) * std::size_t(dataset.side);
    fuzz::require(dataset.people.size() >= 2);
    for (const auto& person : dataset.people)
      for (const auto& rows : person.files)
        for (const std::int64_t row : rows)
          fuzz::require(row >= 0 && (std::size_t(row) + 1) * picture <= dataset.pictures.size());
  });
}
