#include <algorithm>
#include <nlohmann/json.hpp>

#include "clip_rows.h"
#include "phone_times.h"
#include "prepare_groups.h"
#include "resyncer/core/error.h"
#include "resyncer/speech/features.h"
#include "resyncer/sync/mouth.h"

namespace resyncer::pipeline {

namespace {

struct NamedClip {
  std::string name;
  int speaker = 0;
  ClipRows rows;
  std::vector<float> shut;  // a row, see shut_shares; empty = not asked for
};

void write_clips(std::vector<NamedClip>* clips, const std::string& kind, const mesh::FaceModel& model,
                 const std::string& model_version, const std::filesystem::path& out) {
  std::vector<std::uint16_t> mel;
  std::vector<float> expression, confidence, openness, shut;
  std::vector<std::uint8_t> mouth;
  std::vector<std::int64_t> mel_start{0}, motion_start{0};
  std::vector<std::int32_t> speaker;
  nlohmann::json names = nlohmann::json::array();
  for (NamedClip& clip : *clips) {
    for (float v : clip.rows.mel.values) mel.push_back(core::half_from_float(v));
    append(&expression, &clip.rows.expression), append(&confidence, &clip.rows.confidence),
        append(&openness, &clip.rows.openness), append(&mouth, &clip.rows.mouth), append(&shut, &clip.shut);
    mel_start.push_back(std::int64_t(mel.size()) / speech::kMelBands);
    motion_start.push_back(std::int64_t(confidence.size()));
    speaker.push_back(clip.speaker);
    names.push_back(clip.name);
  }
  core::TensorFileWriter writer;
  writer.set_meta("kind", kind);
  writer.set_meta("model", model_version);
  writer.set_meta("names", names.dump());
  auto count = std::int64_t(clips->size());
  writer.add("mel", core::DType::f16, {mel_start.back(), speech::kMelBands}, mel.data());
  writer.add("mel_start", core::DType::i64, {count + 1}, mel_start.data());
  writer.add("expression", {motion_start.back(), model.speech_count}, expression);
  writer.add("confidence", {motion_start.back()}, confidence);
  writer.add("openness", {motion_start.back()}, openness);
  writer.add("motion_start", core::DType::i64, {count + 1}, motion_start.data());
  writer.add("speaker", core::DType::i32, {count}, speaker.data());
  if (!shut.empty()) writer.add("shut", {motion_start.back()}, shut);
  if (!mouth.empty())
    writer.add("mouth", core::DType::u8, {motion_start.back(), sync::kMouthHeight, sync::kMouthWidth},
               mouth.data());
  writer.write(out);
}

// "motion", and "sync", which holds the mouths' pictures too.
PrepareReport prepare_clips(const PrepareOptions& options, const std::string& kind,
                            const mesh::FaceModel& model, const std::string& model_version,
                            const std::filesystem::path& out) {
  std::vector<SourceGroup> groups = list_groups(options);
  std::vector<std::vector<NamedClip>> parts(groups.size());
  std::vector<float> errors(groups.size(), 0);
  const BilabialTimes bilabials = options.phones.empty() ? BilabialTimes() : read_bilabials(options.phones);
  auto shut = [&](const std::string& name, std::size_t rows) {
    const auto own = bilabials.find(name);
    if (own != bilabials.end()) return shut_shares(own->second, rows);
    return std::vector<float>(options.phones.empty() ? 0 : rows, -1.F);
  };
  GroupLoop loop(options, groups.size());
  loop.run(groups, [&](std::size_t g, Worker* worker) {
    for (const FittedFile& file : fit_group(groups[g], options, model, &loop, worker)) {
      errors[g] = file.face.reprojection_error;
      const std::filesystem::path& path = file.file->path;
      try {
        ClipRows rows = clip_rows(path, file.analysis, file.face, model, options.sound_delay);
        if (rows.count() == 0) continue;
        if (kind == "sync") add_mouths(path, file.analysis, file.face, model, &rows);
        parts[g].push_back({(path.parent_path().filename() / path.stem()).string(),
                            file.file->speaker,
                            std::move(rows),
                            {}});
        parts[g].back().shut = shut(path.stem().string(), parts[g].back().rows.count());
      } catch (const core::Error& e) {
        if (e.kind() != core::ErrorKind::input) throw;
        loop.skip(path.string() + " is skipped: " + e.what());
      }
    }
  });
  PrepareReport report;
  std::vector<NamedClip> clips;
  std::size_t used = 0;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    report.files += groups[g].files.size();
    if (parts[g].empty()) continue;
    report.mean_error += double(errors[g]);
    ++used;
    std::move(parts[g].begin(), parts[g].end(), std::back_inserter(clips));
  }
  if (used == 0) throw core::Error(core::ErrorKind::input, "no file has both a usable face and sound");
  report.mean_error /= double(used);
  report.skipped = loop.skipped();
  for (const NamedClip& clip : clips) report.rows += clip.rows.count();
  write_clips(&clips, kind, model, model_version, out);
  return report;
}

}  // namespace

MotionRows resample_motion(const std::vector<double>& times, const std::vector<const float*>& values,
                           const std::vector<float>& confidence, int width, double start, std::size_t rows) {
  MotionRows out;
  out.values.assign(rows * std::size_t(width), 0.F);
  out.confidence.assign(rows, 0.F);
  if (times.empty()) return out;
  constexpr double kReach = 0.5 / kRowRate + 1e-6;  // how far a frame serves beyond the video's ends
  std::size_t next = 0;                             // first frame at or after the row
  for (std::size_t i = 0; i < rows; ++i) {
    double t = start + (double(i) + 0.5) / kRowRate;
    while (next < times.size() && times[next] < t) ++next;
    std::size_t right = std::min(next, times.size() - 1), left = next > 0 ? next - 1 : 0;
    bool outside = t < times.front() - kReach || t > times.back() + kReach;
    double gap = times[right] - times[left];
    float f = gap > 0 ? float(std::clamp((t - times[left]) / gap, 0., 1.)) : 0.F;
    const float *a = values[left], *b = values[right];
    if (a == nullptr && b == nullptr) continue;
    if (a == nullptr) f = 1, a = b;
    if (b == nullptr) f = 0, b = a;
    for (int k = 0; k < width; ++k)
      out.values[i * std::size_t(width) + std::size_t(k)] = a[k] + f * (b[k] - a[k]);
    if (!outside) out.confidence[i] = confidence[left] + f * (confidence[right] - confidence[left]);
  }
  return out;
}

PrepareReport prepare_motion(const PrepareOptions& options, const mesh::FaceModel& model,
                             const std::string& model_version, const std::filesystem::path& out) {
  return prepare_clips(options, "motion", model, model_version, out);
}

PrepareReport prepare_sync(const PrepareOptions& options, const mesh::FaceModel& model,
                           const std::string& model_version, const std::filesystem::path& out) {
  return prepare_clips(options, "sync", model, model_version, out);
}

}  // namespace resyncer::pipeline
