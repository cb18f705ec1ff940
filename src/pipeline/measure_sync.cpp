#include "resyncer/pipeline/measure_sync.h"

#include "clip_rows.h"
#include "resyncer/core/error.h"
#include "resyncer/pipeline/cache.h"
#include "resyncer/speech/features.h"

namespace resyncer::pipeline {

sync::SyncTrace sync_trace(const std::filesystem::path& clip, const ModelSet& models,
                           const sync::SyncJudge& judge, const MeasureOptions& options) {
  constexpr float kSeen = 0.3F;
  const mesh::FaceModel model = mesh::load_face_model(models.get("face-model").file);
  const Analysis analysis = analyse_cached(clip, {}, {options.cache, 0});
  const FittedFace face = fit(analysis, model);
  ClipRows rows = clip_rows(clip, analysis, face, model, 0);
  if (judge.needs_mouths()) add_mouths(clip, analysis, face, model, &rows);

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
