#include "resyncer/pipeline/measure_sync.h"

#include <algorithm>

#include "clip_rows.h"
#include "resyncer/core/error.h"
#include "resyncer/media/video_reader.h"
#include "resyncer/pipeline/cache.h"
#include "resyncer/speech/features.h"
#include "resyncer/speech/speech_gate.h"

namespace resyncer::pipeline {

namespace {
constexpr float kSeen = 0.3F;
constexpr double kSure = 0.1;       // confidence: own sound has 0.12 and more, another clip's up to 0.06
constexpr double kLeastSpeech = 1;  // second

double speech_seconds(const core::FeatureSequence& mel) {
  speech::SpeechGate gate;
  gate.push(mel);
  const std::vector<bool> speaking = gate.finish();
  return 2.0 * double(std::count(speaking.begin(), speaking.end(), true)) / speech::kMelRate;
}

ClipRows rows_to_judge(const std::filesystem::path& clip, const Analysis& analysis, const FittedFace& face,
                       const mesh::FaceModel& model, const sync::SyncJudge& judge) {
  ClipRows rows = clip_rows(clip, analysis, face, model, 0);
  if (judge.needs_mouths()) add_mouths(clip, analysis, face, model, &rows);
  return rows;
}

sync::SyncTrace trace_of(ClipRows rows, const sync::SyncJudge& judge) {
  sync::SyncClip input;
  input.rows = int(rows.count());
  for (float c : rows.confidence) input.seen.push_back(c >= kSeen ? 1.F : 0.F);
  input.meshes = std::move(rows.expression);
  input.mouths = std::move(rows.mouth);
  input.mel = std::move(rows.mel);
  const speech::MelLevel level(input.mel.values.data(), input.mel.frames);
  for (int i = 0; i < input.mel.frames; ++i)
    level.take_off(i, input.mel.values.data() + std::ptrdiff_t(i) * speech::kMelBands);
  return judge.trace(input);
}
}  // namespace

sync::SyncTrace sync_trace(const std::filesystem::path& clip, const ModelSet& models,
                           const sync::SyncJudge& judge, const MeasureOptions& options) {
  const mesh::FaceModel model = mesh::load_face_model(models.get("face-model").file);
  const Analysis analysis = analyse_cached(clip, {}, {options.cache, 0});
  const FittedFace face = fit(analysis, model);
  return trace_of(rows_to_judge(clip, analysis, face, model, judge), judge);
}

SourceOffset source_offset(const std::filesystem::path& video, const Analysis& analysis,
                           const FittedFace& face, const mesh::FaceModel& model, const ModelSet& models) {
  SourceOffset out;
  const auto streams = media::probe_streams(video);
  if (std::none_of(streams.begin(), streams.end(), [](const auto& s) { return s.type == "audio"; })) {
    out.doubt = "it has no sound";
    return out;
  }
  const auto& entry = models.get("sync-judge");
  check_file(entry);
  const sync::SyncJudge judge(entry.file);
  ClipRows rows = rows_to_judge(video, analysis, face, model, judge);
  if (speech_seconds(rows.mel) < kLeastSpeech) {
    out.doubt = "hardly anybody speaks in it";
    return out;
  }
  const auto reading = sync::read(trace_of(std::move(rows), judge));
  if (!reading) {
    out.doubt = "it shows a face for too short a time";
    return out;
  }
  out.confidence = reading->confidence;
  if (reading->confidence < kSure)
    out.doubt = "the judge of sync is not sure";
  else
    out.milliseconds = -1000.0 * reading->offset / sync::kRate;
  return out;
}

std::vector<SyncFigures> measure_sync(const std::vector<std::filesystem::path>& clips, const ModelSet& models,
                                      const MeasureOptions& options, const std::string& id) {
  const auto& entry = models.get(id);
  check_file(entry);
  const sync::SyncJudge judge(entry.file, id);
  std::vector<sync::SyncTrace> traces;
  traces.reserve(clips.size());
  for (const auto& clip : clips) traces.push_back(sync_trace(clip, models, judge, options));
  std::vector<SyncFigures> out;
  for (std::size_t i = 0; i < clips.size(); ++i) {
    const auto reading = sync::read(traces[i]);
    if (!reading)
      throw core::Error(core::ErrorKind::input, "shows a face for too short a time to judge its sync",
                        clips[i].string());
    out.push_back({clips[i], *reading, sync::rank(traces, i), sync::rank(traces, i, reading->offset)});
  }
  return out;
}

}  // namespace resyncer::pipeline
