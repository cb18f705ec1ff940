#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "prepare_groups.h"
#include "resyncer/core/error.h"
#include "resyncer/media/audio_reader.h"
#include "resyncer/speech/features.h"

namespace resyncer::pipeline {

namespace {

constexpr double kRate = 25;  // motion rows a second
constexpr int kMelPerRow = 4;

struct MotionClip {
  std::string name;
  int speaker = 0;
  std::vector<std::uint16_t> mel;
  std::vector<float> expression, confidence, openness;
};

MotionClip make_clip(const FittedFile& file, const mesh::FaceModel& model, double sound_delay) {
  MotionClip clip;
  clip.name = (file.file->path.parent_path().filename() / file.file->path.stem()).string();
  clip.speaker = file.file->speaker;
  double start = 0;
  core::FeatureSequence mel = speech::mel_spectrogram(media::read_audio(file.file->path, 16000, &start));
  for (float v : mel.values) clip.mel.push_back(core::half_from_float(v));

  // Per frame: the speech coefficients, then the openness.
  int width = model.speech_count + 1;
  auto frames = std::size_t(file.analysis.frame_count());
  std::vector<float> table(frames * std::size_t(width)), confidence(frames, 0.F);
  std::vector<const float*> values(frames, nullptr);
  std::vector<double> times(frames);
  for (std::size_t i = 0; i < frames; ++i) {
    times[i] = file.analysis.centre_seconds(std::int64_t(i));
    const core::FaceObservation* seen = file.face.smoothed(file.analysis, std::int64_t(i));
    if (!file.face.frames[i] || seen == nullptr) continue;
    const core::FaceObservation* raw = file.face.raw(file.analysis, std::int64_t(i));
    float* row = table.data() + i * std::size_t(width);
    Eigen::Map<Eigen::VectorXf>(row, model.speech_count) =
        file.face.frames[i]->expression.head(model.speech_count);
    row[width - 1] = core::mouth_openness((raw != nullptr ? raw : seen)->landmarks);
    values[i] = row;
    confidence[i] = file.face.weight[i] > 0 ? seen->score : 0.F;
  }
  MotionRows rows = resample_motion(times, values, confidence, width, start - sound_delay,
                                    std::size_t(mel.frames / kMelPerRow));
  clip.confidence = std::move(rows.confidence);
  for (std::size_t i = 0; i < clip.confidence.size(); ++i) {
    const float* row = rows.values.data() + i * std::size_t(width);
    clip.expression.insert(clip.expression.end(), row, row + width - 1);
    clip.openness.push_back(row[width - 1]);
  }
  return clip;
}

void write_motion(std::vector<MotionClip>* clips, const mesh::FaceModel& model,
                  const std::string& model_version, const std::filesystem::path& out) {
  std::vector<std::uint16_t> mel;
  std::vector<float> expression, confidence, openness;
  std::vector<std::int64_t> mel_start{0}, motion_start{0};
  std::vector<std::int32_t> speaker;
  nlohmann::json names = nlohmann::json::array();
  for (MotionClip& clip : *clips) {
    append(&mel, &clip.mel);
    append(&expression, &clip.expression), append(&confidence, &clip.confidence),
        append(&openness, &clip.openness);
    mel_start.push_back(std::int64_t(mel.size()) / speech::kMelBands);
    motion_start.push_back(std::int64_t(confidence.size()));
    speaker.push_back(clip.speaker);
    names.push_back(clip.name);
  }
  core::TensorFileWriter writer;
  writer.set_meta("kind", "motion");
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
  writer.write(out);
}

}  // namespace

MotionRows resample_motion(const std::vector<double>& times, const std::vector<const float*>& values,
                           const std::vector<float>& confidence, int width, double start, std::size_t rows) {
  MotionRows out;
  out.values.assign(rows * std::size_t(width), 0.F);
  out.confidence.assign(rows, 0.F);
  if (times.empty()) return out;
  constexpr double kReach = 0.5 / kRate + 1e-6;  // how far a frame serves beyond the video's ends
  std::size_t next = 0;                          // first frame at or after the row
  for (std::size_t i = 0; i < rows; ++i) {
    double t = start + (double(i) + 0.5) / kRate;
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
  std::vector<SourceGroup> groups = list_groups(options);
  std::vector<std::vector<MotionClip>> parts(groups.size());
  std::vector<float> errors(groups.size(), 0);
  GroupLoop loop(options, groups.size());
  loop.run(groups, [&](std::size_t g, Worker* worker) {
    for (const FittedFile& file : fit_group(groups[g], options, model, &loop, worker)) {
      errors[g] = file.face.reprojection_error;
      try {
        MotionClip clip = make_clip(file, model, options.sound_delay);
        if (!clip.confidence.empty()) parts[g].push_back(std::move(clip));
      } catch (const core::Error& e) {
        if (e.kind() != core::ErrorKind::input) throw;
        loop.skip(file.file->path.string() + " is skipped: " + e.what());
      }
    }
  });
  PrepareReport report;
  std::vector<MotionClip> clips;
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
  for (const MotionClip& clip : clips) report.rows += clip.confidence.size();
  write_motion(&clips, model, model_version, out);
  return report;
}

}  // namespace resyncer::pipeline
