// Part of a dataset file: FILE@I/N is every N-th clip from clip I on, FILE@-I/N all but these; so training,
// choosing and measuring can share a file and no clip.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace resyncer::train {

struct DatasetPart {
  std::filesystem::path file;
  std::size_t first = 0, every = 1;
  bool others = false;

  bool has(std::size_t clip) const { return (clip % every == first) != others; }
};

// A name without such an ending is the whole file. Throws Error{usage} where I is not below N.
DatasetPart dataset_part(const std::filesystem::path& name);

// The same without its folder, for a checkpoint to remember: "a.safetensors@0/20".
std::string dataset_label(const std::filesystem::path& name);

}  // namespace resyncer::train
