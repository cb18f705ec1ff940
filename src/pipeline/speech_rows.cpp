#include "speech_rows.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "resyncer/core/tensor_file.h"
#include "resyncer/speech/features.h"

namespace resyncer::pipeline {

void add_clip(const core::FeatureSequence& mel, const std::vector<std::uint8_t>& labels, int voice,
              SpeechRows* rows) {
  const auto frames =
      labels.empty() ? std::size_t(mel.frames) : std::min(std::size_t(mel.frames), labels.size());
  for (std::size_t k = 0; k < frames * speech::kMelBands; ++k)
    rows->mel.push_back(core::half_from_float(mel.values[k]));
  if (!labels.empty()) rows->labels.insert(rows->labels.end(), labels.begin(), labels.begin() + long(frames));
  rows->mel_start.push_back(rows->mel_start.back() + std::int64_t(frames));
  rows->voice.push_back(voice);
}

SpeechDataReport count(const SpeechRows& rows) {
  SpeechDataReport report;
  report.utterances = rows.voice.size();
  report.hours = double(rows.mel_start.back()) / speech::kMelRate / 3600;
  if (rows.labels.empty()) return report;
  report.share.assign(articulation_classes().size(), 0);
  for (std::uint8_t label : rows.labels) report.share[label] += 1.0 / double(rows.labels.size());
  return report;
}

void write_speech(const SpeechRows& rows, const std::map<std::string, std::string>& meta,
                  const std::filesystem::path& out) {
  const std::int64_t frames = rows.mel_start.back(), clips = std::int64_t(rows.voice.size());
  core::TensorFileWriter writer;
  writer.set_meta("kind", "speech");
  for (const auto& [key, value] : meta) writer.set_meta(key, value);
  writer.add("mel", core::DType::f16, {frames, speech::kMelBands}, rows.mel.data());
  writer.add("mel_start", core::DType::i64, {clips + 1}, rows.mel_start.data());
  if (!rows.labels.empty()) {
    writer.set_meta("classes", nlohmann::json(articulation_classes()).dump());
    writer.add("labels", core::DType::u8, {frames}, rows.labels.data());
  }
  writer.add("voice", core::DType::i32, {clips}, rows.voice.data());
  writer.write(out);
}

}  // namespace resyncer::pipeline
