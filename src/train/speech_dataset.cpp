#include "speech_dataset.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "resyncer/speech/features.h"

namespace resyncer::train {

namespace {
using core::DType;
using core::Error;
using core::ErrorKind;

[[noreturn]] void refuse(const core::TensorFile& file, const std::string& what) {
  throw Error(ErrorKind::input, what, file.place(), "make the dataset again with resyncer prepare");
}

constexpr std::int64_t kMelRowBytes = speech::kMelBands * std::int64_t{sizeof(std::uint16_t)};

template <typename T>
T element(const std::byte* data, std::int64_t i) {
  T value;
  std::memcpy(&value, data + std::size_t(i) * sizeof(T), sizeof(T));
  return value;
}
template <typename T>
T element(const core::TensorView& view, std::int64_t i) {
  return element<T>(view.data, i);
}

std::vector<std::string> class_names(const core::TensorFile& file) {
  auto list = nlohmann::json::parse(file.meta("classes"), nullptr, false);
  std::vector<std::string> names;
  if (list.is_array())
    for (const auto& name : list)
      if (name.is_string()) names.push_back(name.get<std::string>());
  if (names.size() < 2 || names.size() > 255 || names.size() != list.size())
    refuse(file, "has no list of classes");
  return names;
}

void check_values(const core::TensorFile& file, const core::TensorView& mel, const core::TensorView& labels,
                  std::size_t classes) {
  for (std::int64_t i = 0; i < labels.count(); ++i)
    if (element<std::uint8_t>(labels, i) >= classes) refuse(file, "has labels that are no class");
  for (std::int64_t i = 0; i < mel.count(); ++i)
    if ((element<std::uint16_t>(mel, i) & 0x7C00U) == 0x7C00U) refuse(file, "has sound that is not finite");
}

void add_clips(const core::TensorFile& file, int held_out_every, SpeechDataset* data) {
  if (file.meta("kind") != "speech")
    refuse(file, "is a '" + file.meta("kind") + "' file, not a speech dataset");
  auto names = class_names(file);
  if (data->classes.empty()) data->classes = names;
  if (data->classes != names) refuse(file, "has other classes than the files before it");
  const auto& mel = file.get("mel", DType::f16, {-1, speech::kMelBands});
  const auto& labels = file.get("labels", DType::u8, {mel.shape[0]});
  const auto& start = file.get("mel_start", DType::i64, {-1});
  if (start.count() == 0) refuse(file, "tensor 'mel_start' does not divide the rows among the clips");
  const auto& voice = file.get("voice", DType::i32, {start.count() - 1});
  check_values(file, mel, labels, names.size());
  if (element<std::int64_t>(start, 0) != 0 || element<std::int64_t>(start, voice.count()) != mel.shape[0])
    refuse(file, "tensor 'mel_start' does not divide the rows among the clips");
  for (std::int64_t c = 0; c < voice.count(); ++c) {
    auto begin = element<std::int64_t>(start, c), end = element<std::int64_t>(start, c + 1);
    if (begin < 0 || end < begin || end > mel.shape[0])
      refuse(file, "tensor 'mel_start' does not divide the rows among the clips");
    if (end == begin) continue;
    bool kept_out =
        held_out_every > 0 && element<std::int32_t>(voice, c) % held_out_every == held_out_every - 1;
    SpeechClip clip{mel.data + begin * kMelRowBytes, labels.as<std::uint8_t>() + begin, end - begin, {}};
    std::vector<float> rows(std::size_t((end - begin) * speech::kMelBands));
    for (std::int64_t r = 0; r < clip.frames; ++r) clip.copy_row(r, rows.data() + r * speech::kMelBands);
    clip.level = speech::MelLevel(rows.data(), int(clip.frames));
    (kept_out ? data->held_out : data->training).push_back(std::move(clip));
  }
}
}  // namespace

void SpeechClip::copy_row(std::int64_t row, float* out) const {
  for (int b = 0; b < speech::kMelBands; ++b)
    out[b] = core::float_from_half(element<std::uint16_t>(mel + row * kMelRowBytes, b));
}

SpeechDataset load_speech_datasets(const std::vector<std::filesystem::path>& files, int held_out_every) {
  SpeechDataset data;
  for (const auto& path : files) data.files.emplace_back(path, ErrorKind::input);
  for (const auto& file : data.files) add_clips(file, held_out_every, &data);
  if (data.training.empty())
    throw Error(ErrorKind::input, "the speech datasets hold no clip of a voice to train on");
  return data;
}

SpeechBatch speech_windows(const std::vector<const SpeechClip*>& clips,
                           const std::vector<std::int64_t>& first, std::int64_t features,
                           std::int64_t mel_context) {
  const auto size = std::int64_t(clips.size()), rows = 2 * features + 2 * mel_context;
  SpeechBatch batch{torch::full({size, rows, speech::kMelBands}, speech::kMelSilence),
                    torch::zeros({size, 2 * features}, torch::kInt64)};
  for (std::int64_t i = 0; i < size; ++i) {
    const SpeechClip& clip = *clips[std::size_t(i)];
    const std::int64_t from = first[std::size_t(i)];
    float* mel = batch.mel.data_ptr<float>() + i * rows * speech::kMelBands;
    std::int64_t* labels = batch.labels.data_ptr<std::int64_t>() + i * 2 * features;
    for (std::int64_t k = 0; k < 2 * features; ++k)
      if (from + k >= 0 && from + k < clip.frames) labels[k] = clip.labels[from + k];
    for (std::int64_t k = 0; k < rows; ++k) {
      std::int64_t row = from - mel_context + k;
      if (row < 0 || row >= clip.frames) continue;
      clip.copy_row(row, mel + k * speech::kMelBands);
      clip.level.take_off(int(row), mel + k * speech::kMelBands);
    }
  }
  return batch;
}

SpeechBatch draw_speech(const std::vector<SpeechClip>& clips, std::int64_t batch, std::int64_t features,
                        std::int64_t mel_context, std::mt19937_64* random) {
  std::vector<const SpeechClip*> chosen;
  std::vector<std::int64_t> first;
  for (std::int64_t i = 0; i < batch; ++i) {
    const SpeechClip& clip = clips[std::size_t((*random)() % clips.size())];
    // A clip shorter than the window may lie anywhere in it.
    std::int64_t slack = clip.frames - 2 * features;
    auto offset = std::int64_t((*random)() % std::uint64_t(std::abs(slack) + 1));
    chosen.push_back(&clip);
    first.push_back(slack < 0 ? -offset : offset);
  }
  return speech_windows(chosen, first, features, mel_context);
}

}  // namespace resyncer::train
