// Files of kind "identity" (include/resyncer/pipeline/prepare.h) in memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace resyncer::train {

struct IdentityPerson {
  std::vector<std::vector<std::int64_t>> files;  // rows of each of the person's files; none is empty
};

struct IdentityDataset {
  std::vector<std::uint8_t> pictures;  // rows x side x side, gray
  std::vector<IdentityPerson> people;
  std::int64_t side = 0;

  // People with several files: who is who is known.
  bool is_labelled() const;
};

// FILE or FILE@I/N (dataset_part.h). Throws Error{input, usage}.
IdentityDataset load_identity_dataset(const std::filesystem::path& name);

}  // namespace resyncer::train
