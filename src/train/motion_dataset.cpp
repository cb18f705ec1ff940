#include "motion_dataset.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>

#include "dataset_part.h"
#include "resyncer/core/tensor_file.h"
#include "resyncer/speech/features.h"
#include "resyncer/sync/mouth.h"

namespace resyncer::train {

namespace {
using core::Error;
using core::ErrorKind;

[[noreturn]] void refuse(const core::TensorFile& file, const std::string& what) {
  throw Error(ErrorKind::input, what, file.place(), "make the dataset again with resyncer prepare");
}

std::vector<std::int64_t> integers(const core::TensorView& view) {
  std::vector<std::int64_t> out(static_cast<std::size_t>(view.count()));
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (view.type == core::DType::i64) {
      std::memcpy(&out[i], view.data + 8 * i, 8);
    } else {
      std::int32_t value = 0;
      std::memcpy(&value, view.data + 4 * i, 4);
      out[i] = value;
    }
  }
  return out;
}

// Row starts of the clips: C + 1 of them, not falling, from 0 to the number of rows.
std::vector<std::int64_t> starts(const core::TensorFile& file, const std::string& name, std::int64_t rows) {
  auto out = integers(file.get(name, core::DType::i64, {-1}));
  if (out.size() < 2 || out.front() != 0 || out.back() != rows || !std::is_sorted(out.begin(), out.end()))
    refuse(file, "tensor '" + name + "' does not divide the rows among the clips");
  return out;
}

void append(const core::TensorFile& file, const std::string& name, const core::TensorView& view,
            std::vector<float>* out) {
  std::vector<float> values = view.to_floats();
  for (float v : values)
    if (!std::isfinite(v)) refuse(file, "tensor '" + name + "' has values that are not finite");
  out->insert(out->end(), values.begin(), values.end());
}

std::vector<std::string> clip_names(const core::TensorFile& file, std::size_t count) {
  std::vector<std::string> names(count);
  auto it = file.metadata().find("names");
  auto list =
      it == file.metadata().end() ? nlohmann::json() : nlohmann::json::parse(it->second, nullptr, false);
  for (std::size_t i = 0; i < count; ++i) {
    bool named = list.is_array() && i < list.size() && list[i].is_string();
    names[i] = named ? list[i].get<std::string>() : "clip " + std::to_string(i);
  }
  return names;
}

void add_file(const std::filesystem::path& path, int index, MelForm form, const std::string& kind,
              MotionDataset* data) {
  const DatasetPart part = dataset_part(path);
  core::TensorFile file(part.file, ErrorKind::input);
  if (file.meta("kind") != kind)
    refuse(file, "is a '" + file.meta("kind") + "' file, not a " + kind + " dataset");
  const auto& mel = file.get("mel", core::DType::f16, {-1, speech::kMelBands});
  const auto& expression = file.get("expression", core::DType::f32, {-1, -1});
  if (expression.shape[1] != data->coefficients)
    refuse(file, "has " + std::to_string(expression.shape[1]) +
                     " coefficients a mesh where the face model has " + std::to_string(data->coefficients));
  std::int64_t rows = expression.shape[0];
  auto mel_start = starts(file, "mel_start", mel.shape[0]), start = starts(file, "motion_start", rows);
  auto speaker = integers(file.get("speaker", core::DType::i32, {-1}));
  if (mel_start.size() != start.size() || speaker.size() + 1 != start.size())
    refuse(file, "has different numbers of clips in its tensors");

  auto names = clip_names(file, speaker.size());
  auto mel_base = std::int64_t(data->mel.size()) / speech::kMelBands,
       base = std::int64_t(data->confidence.size());
  std::map<std::int64_t, int> seen;  // speakers of this file
  for (std::size_t c = 0; c < speaker.size(); ++c) {
    if (start[c + 1] == start[c] || !part.has(c)) continue;
    auto [it, is_new] = seen.emplace(speaker[c], int(data->speakers.size()));
    if (is_new) data->speakers.emplace_back();
    data->speakers[std::size_t(it->second)].push_back(int(data->clips.size()));
    data->clips.push_back({names[c], index, it->second, mel_base + mel_start[c],
                           mel_start[c + 1] - mel_start[c], base + start[c], start[c + 1] - start[c]});
  }
  append(file, "mel", mel, &data->mel);
  for (std::size_t c = 0; form == MelForm::level && c < speaker.size(); ++c) {
    float* rows_of_clip = data->mel.data() + (mel_base + mel_start[c]) * speech::kMelBands;
    const int count = int(mel_start[c + 1] - mel_start[c]);
    const speech::MelLevel level(rows_of_clip, count);
    for (int t = 0; t < count; ++t) level.take_off(t, rows_of_clip + std::ptrdiff_t(t) * speech::kMelBands);
  }
  append(file, "expression", expression, &data->expression);
  append(file, "confidence", file.get("confidence", core::DType::f32, {rows}), &data->confidence);
  append(file, "openness", file.get("openness", core::DType::f32, {rows}), &data->openness);
  if (file.has("shut"))
    append(file, "shut", file.get("shut", core::DType::f32, {rows}), &data->shut);
  else
    data->shut.resize(data->confidence.size(), -1.F);
  if (kind != "sync") return;
  const auto& mouth = file.get("mouth", core::DType::u8, {rows, sync::kMouthHeight, sync::kMouthWidth});
  const auto* pixels = mouth.as<std::uint8_t>();
  data->mouth.insert(data->mouth.end(), pixels, pixels + mouth.bytes);
}
}  // namespace

MotionDataset load_motion_datasets(const std::vector<std::filesystem::path>& files, std::int64_t coefficients,
                                   MelForm form, const std::string& kind) {
  MotionDataset data;
  data.coefficients = coefficients;
  for (std::size_t i = 0; i < files.size(); ++i) add_file(files[i], int(i), form, kind, &data);
  if (data.clips.empty()) throw Error(ErrorKind::input, "the " + kind + " datasets hold no clip");
  return data;
}

}  // namespace resyncer::train
