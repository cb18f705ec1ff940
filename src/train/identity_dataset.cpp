#include "identity_dataset.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "dataset_part.h"
#include "resyncer/core/tensor_file.h"
#include "resyncer/identity/recogniser.h"

namespace resyncer::train {

namespace {
std::vector<std::int32_t> integers(const core::TensorView& view) {
  std::vector<std::int32_t> out(static_cast<std::size_t>(view.count()));
  std::memcpy(out.data(), view.data, out.size() * sizeof(std::int32_t));
  return out;
}
}  // namespace

bool IdentityDataset::is_labelled() const {
  return std::any_of(people.begin(), people.end(), [](const auto& p) { return p.files.size() > 1; });
}

IdentityDataset load_identity_dataset(const std::filesystem::path& name) {
  const DatasetPart part = dataset_part(name);
  core::TensorFile file(part.file, core::ErrorKind::input);
  auto refuse = [&](const std::string& what) {
    throw core::Error(core::ErrorKind::input, what, file.place(),
                      "make the dataset again with resyncer prepare identity");
  };
  if (file.meta("kind") != "identity") refuse("is no dataset of kind 'identity'");
  constexpr std::int64_t kSide = identity::kFacePicture;
  const core::TensorView& pictures = file.get("pictures", core::DType::u8, {-1, kSide, kSide});
  const std::int64_t rows = pictures.shape[0];
  if (rows == 0) refuse("holds no face");
  const auto person = integers(file.get("person", core::DType::i32, {rows})),
             source = integers(file.get("file", core::DType::i32, {rows}));
  IdentityDataset data;
  data.side = kSide;
  data.pictures.resize(static_cast<std::size_t>(pictures.count()));
  std::memcpy(data.pictures.data(), pictures.data, data.pictures.size());
  std::map<std::int32_t, std::map<std::int32_t, std::vector<std::int64_t>>> people;
  for (std::int64_t row = 0; row < rows; ++row)
    people[person[std::size_t(row)]][source[std::size_t(row)]].push_back(row);
  std::size_t index = 0;
  for (auto& [id, files] : people) {
    if (!part.has(index++)) continue;
    data.people.emplace_back();
    for (auto& [name_of_file, list] : files) data.people.back().files.push_back(std::move(list));
  }
  if (data.people.size() < 2) refuse("has fewer than two people");
  return data;
}

}  // namespace resyncer::train
