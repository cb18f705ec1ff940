#include "resyncer/pipeline/measure_lips.h"

#include "resyncer/pipeline/cache.h"

namespace resyncer::pipeline {

LipTrace measure_lips(const std::filesystem::path& clip, const ModelSet& models,
                      const MeasureOptions& options) {
  const mesh::FaceModel model = mesh::load_face_model(models.get("face-model").file);
  const Analysis analysis = analyse_cached(clip, {}, {options.cache, 0});
  const FittedFace face = fit(analysis, model);
  LipTrace trace;
  trace.identity.assign(face.identity.data(), face.identity.data() + face.identity.size());
  for (std::int64_t i = 0; i < analysis.frame_count(); ++i) {
    const core::FaceObservation* raw = face.raw(analysis, i);
    const bool seen = raw != nullptr && face.weight[std::size_t(i)] > 0;
    trace.rows.push_back({analysis.centre_seconds(i) - analysis.seconds(0),
                          seen ? core::mouth_openness(raw->landmarks) : 0.F, seen});
  }
  return trace;
}

}  // namespace resyncer::pipeline
