#include "pipeline/mouth_plan.h"
#include "resyncer/core/temporary_folder.h"
#include "resyncer/eval/mouth_metrics.h"
#include "resyncer/pipeline/cache.h"
#include "resyncer/pipeline/measure.h"
#include "resyncer/pipeline/render.h"

namespace resyncer::pipeline {

namespace {

constexpr int kMaxLag = 3;  // frames

// Lip opening that the speech asks for, a value a frame.
std::vector<float> asked(const std::filesystem::path& speech, const ModelSet& models,
                         const Analysis& analysis, const FittedFace& face, const mesh::FaceModel& model) {
  const RestingMouth rest = rest_pose(model, face, models.get("motion").file);
  const motion::MotionTrack track =
      predict_motion(speech, models.get("motion").file, style_window(model, analysis, face), rest);
  std::vector<double> times;
  for (std::int64_t i = 0; i < analysis.frame_count(); ++i)
    times.push_back(analysis.centre_seconds(i) - analysis.seconds(0));
  const motion::Coefficients mouths = motion::sample(track, times, rest.mesh);
  std::vector<float> openness;
  for (Eigen::Index i = 0; i < mouths.rows(); ++i)
    openness.push_back(mouth_openness(model, face, mouths.row(i).transpose()));
  return openness;
}

}  // namespace

RenderFigures measure_render(const std::filesystem::path& clip, const std::filesystem::path& speech,
                             const ModelSet& models, const MeasureOptions& options) {
  core::TemporaryFolder folder;
  RenderOptions job;
  job.input = clip;
  job.speech = speech;
  job.output = folder.path() / "result.mkv";
  job.encoder.codec = "ffv1";
  job.use_cache = !options.cache.empty();
  job.cache_folder = options.cache;
  render(job, models, [](const JobProgress&) {});

  const mesh::FaceModel model = mesh::load_face_model(models.get("face-model").file);
  const Analysis source = analyse_cached(clip, {}, {options.cache, 0}), result = analyse(job.output);
  const FittedFace source_face = fit(source, model), result_face = fit(result, model);
  const std::vector<float> wanted = asked(speech, models, source, source_face, model);
  std::vector<float> got, seen;
  for (std::int64_t i = 0; i < source.frame_count(); ++i) {
    const core::FaceObservation* raw = i < result.frame_count() ? result_face.raw(result, i) : nullptr;
    got.push_back(raw != nullptr ? core::mouth_openness(raw->landmarks) : 0.F);
    seen.push_back(raw != nullptr && source_face.weight[std::size_t(i)] >= 1 ? 1.F : 0.F);
  }
  const eval::LagCorrelation best = eval::best_lag_correlation(wanted, got, seen, kMaxLag);
  RenderFigures figures{clip, int(source.frame_count()), best.value, best.lag, 0};
  const double asked_deviation = eval::deviation(wanted, seen);
  if (asked_deviation > 0) figures.amplitude_ratio = eval::deviation(got, seen) / asked_deviation;
  return figures;
}

}  // namespace resyncer::pipeline
