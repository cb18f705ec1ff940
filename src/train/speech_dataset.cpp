#include "speech_dataset.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "dataset_part.h"
#include "resyncer/speech/features.h"
#include "speech_units.h"

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

void check_mel(const core::TensorFile& file, const core::TensorView& mel) {
  for (std::int64_t i = 0; i < mel.count(); ++i)
    if ((element<std::uint16_t>(mel, i) & 0x7C00U) == 0x7C00U) refuse(file, "has sound that is not finite");
}

// The labels of a file, all in a row.
const std::uint8_t* read_labels(const core::TensorFile& file, std::int64_t rows, SpeechDataset* data) {
  if (!file.has("labels"))
    throw Error(ErrorKind::input, "has speech without labels", file.place(),
                "have units found (--units), or make it again with phoneme times");
  auto names = class_names(file);
  if (data->classes.empty()) data->classes = names;
  if (data->classes != names) refuse(file, "has other classes than the files before it");
  const auto& labels = file.get("labels", DType::u8, {rows});
  for (std::int64_t i = 0; i < labels.count(); ++i)
    if (element<std::uint8_t>(labels, i) >= names.size()) refuse(file, "has labels that are no class");
  return labels.as<std::uint8_t>();
}

void add_clips(const core::TensorFile& file, const DatasetPart& part, int held_out_every, bool labelled,
               SpeechDataset* data) {
  const std::string kind = file.meta("kind");
  if (kind != "speech" && kind != "motion") refuse(file, "is a '" + kind + "' file, not a speech dataset");
  const auto& mel = file.get("mel", DType::f16, {-1, speech::kMelBands});
  const auto& start = file.get("mel_start", DType::i64, {-1});
  if (start.count() == 0) refuse(file, "tensor 'mel_start' does not divide the rows among the clips");
  const auto& voice = file.get(kind == "speech" ? "voice" : "speaker", DType::i32, {start.count() - 1});
  const std::uint8_t* labels = labelled ? read_labels(file, mel.shape[0], data) : nullptr;
  check_mel(file, mel);
  if (element<std::int64_t>(start, 0) != 0 || element<std::int64_t>(start, voice.count()) != mel.shape[0])
    refuse(file, "tensor 'mel_start' does not divide the rows among the clips");
  for (std::int64_t c = 0; c < voice.count(); ++c) {
    auto begin = element<std::int64_t>(start, c), end = element<std::int64_t>(start, c + 1);
    if (begin < 0 || end < begin || end > mel.shape[0])
      refuse(file, "tensor 'mel_start' does not divide the rows among the clips");
    if (end == begin || !part.has(std::size_t(c))) continue;
    bool kept_out =
        held_out_every > 0 && element<std::int32_t>(voice, c) % held_out_every == held_out_every - 1;
    SpeechClip clip{
        mel.data + begin * kMelRowBytes, labels == nullptr ? nullptr : labels + begin, end - begin, {}};
    std::vector<float> rows(std::size_t((end - begin) * speech::kMelBands));
    for (std::int64_t r = 0; r < clip.frames; ++r) clip.copy_row(r, rows.data() + r * speech::kMelBands);
    clip.level = speech::MelLevel(rows.data(), int(clip.frames));
    (kept_out ? data->held_out : data->training).push_back(std::move(clip));
  }
}

// Found on what is trained on, given to all.
void label_with_units(const SpeechLabels& labels, SpeechDataset* data) {
  std::mt19937_64 random(labels.seed);
  const torch::Tensor centres = find_units(data->training, labels.units, &random);
  for (int k = 0; k < labels.units; ++k) data->classes.push_back("unit " + std::to_string(k));
  for (auto* clips : {&data->training, &data->held_out})
    for (SpeechClip& clip : *clips) {
      data->units.push_back(nearest_units(clip, centres));
      clip.labels = data->units.back().data();
    }
}
}  // namespace

void SpeechClip::copy_row(std::int64_t row, float* out) const {
  for (int b = 0; b < speech::kMelBands; ++b)
    out[b] = core::float_from_half(element<std::uint16_t>(mel + row * kMelRowBytes, b));
}

SpeechDataset load_speech_datasets(const std::vector<std::filesystem::path>& files, int held_out_every,
                                   const SpeechLabels& labels) {
  SpeechDataset data;
  std::vector<DatasetPart> parts;
  for (const auto& name : files) {
    parts.push_back(dataset_part(name));
    data.files.emplace_back(parts.back().file, ErrorKind::input);
  }
  for (std::size_t i = 0; i < files.size(); ++i)
    add_clips(data.files[i], parts[i], held_out_every, labels.units == 0, &data);
  if (data.training.empty())
    throw Error(ErrorKind::input, "the speech datasets hold no clip of a voice to train on");
  if (labels.units > 0) label_with_units(labels, &data);
  return data;
}

SpeechBatch speech_windows(const std::vector<const SpeechClip*>& clips,
                           const std::vector<std::int64_t>& first, std::int64_t features,
                           std::int64_t mel_context) {
  const auto size = std::int64_t(clips.size()), rows = 2 * features + 2 * mel_context;
  SpeechBatch batch{torch::full({size, rows, speech::kMelBands}, speech::kMelSilence),
                    torch::zeros({size, 2 * features}, torch::kInt64),
                    {}};
  for (std::int64_t i = 0; i < size; ++i) {
    const SpeechClip& clip = *clips[std::size_t(i)];
    const std::int64_t from = first[std::size_t(i)];
    batch.spoken.emplace_back(std::max<std::int64_t>(0, -from), std::min(2 * features, clip.frames - from));
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

void hide_stretches(double share, std::int64_t mel_context, std::mt19937_64* random, SpeechBatch* batch) {
  constexpr std::int64_t kStretch = 20;  // frames
  torch::Tensor asked = torch::full_like(batch->labels, kNotAsked);
  for (std::size_t i = 0; i < batch->spoken.size(); ++i) {
    const auto [begin, end] = batch->spoken[i];
    float* mel = batch->mel[std::int64_t(i)][mel_context].data_ptr<float>();
    const std::int64_t* labels = batch->labels[std::int64_t(i)].data_ptr<std::int64_t>();
    std::int64_t* wanted = asked[std::int64_t(i)].data_ptr<std::int64_t>();
    for (std::int64_t hidden = 0; double(hidden) < share * double(end - begin);) {
      // From before the clip's first frame on, so that its ends are hidden as often as its middle.
      const std::int64_t from =
          begin - kStretch + 1 + std::int64_t((*random)() % std::uint64_t(end - begin + kStretch - 1));
      for (std::int64_t k = std::max(begin, from); k < std::min(end, from + kStretch); ++k) {
        if (wanted[k] != kNotAsked) continue;
        wanted[k] = labels[k];
        ++hidden;
        std::fill_n(mel + k * speech::kMelBands, speech::kMelBands, 0.F);
      }
    }
  }
  batch->labels = asked;
}

}  // namespace resyncer::train
