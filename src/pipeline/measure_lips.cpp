#include "resyncer/pipeline/measure_lips.h"

#include "pipeline/aligned_mouths.h"
#include "resyncer/pipeline/cache.h"

namespace resyncer::pipeline {

LipTrace measure_lips(const std::filesystem::path& clip, const ModelSet& models,
                      const MeasureOptions& options) {
  const mesh::FaceModel model = mesh::load_face_model(models.get("face-model").file);
  Analysis analysis = analyse_cached(clip, {}, {options.cache, 0});
  FittedFace face = fit(analysis, model);
  align_mouths(clip, model, &analysis, &face);
  LipTrace trace;
  trace.identity.assign(face.identity.data(), face.identity.data() + face.identity.size());
  for (std::int64_t i = 0; i < analysis.frame_count(); ++i) {
    const auto& params = face.frames[std::size_t(i)];
    const bool seen = params && face.weight[std::size_t(i)] > 0;
    trace.rows.push_back(
        {analysis.centre_seconds(i) - analysis.seconds(0),
         seen ? mesh::lip_openness(mesh::control_vertices(model, face.identity, params->expression)) : 0.F,
         seen});
  }
  return trace;
}

}  // namespace resyncer::pipeline
