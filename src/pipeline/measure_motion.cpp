#include <limits>

#include "pipeline/mouth_plan.h"
#include "pipeline/phone_times.h"
#include "resyncer/eval/mouth_metrics.h"
#include "resyncer/media/audio_reader.h"
#include "resyncer/pipeline/cache.h"
#include "resyncer/pipeline/measure.h"

namespace resyncer::pipeline {

namespace {

constexpr int kMaxLag = 3;  // frames
constexpr int kSilentSeconds = 10;

double open_share_in_silence(const mesh::FaceModel& model, const FittedFace& face,
                             const std::filesystem::path& weights, const motion::Coefficients& style,
                             const RestingMouth& rest) {
  core::AudioClip silence{16000, std::vector<float>(std::size_t(16000 * kSilentSeconds), 0.F)};
  motion::MotionTrack track = predict_motion(silence, weights, style, rest);
  double open = 0;
  for (Eigen::Index i = 0; i < track.expression.rows(); ++i)
    open += mouth_openness(model, face, track.expression.row(i).transpose()) > eval::kOpenMouth ? 1 : 0;
  return track.expression.rows() > 0 ? open / double(track.expression.rows()) : 0;
}

// Whether the lips shut where the sound says so. `seconds`: of every frame, in the sound; `predicted`,
// `real`: its openings.
void count_closures(const mesh::FaceModel& model, const Analysis& analysis, const FittedFace& face,
                    const std::vector<eval::TimeSpan>& bilabials, const std::vector<double>& seconds,
                    const std::vector<float>& predicted, const std::vector<float>& real,
                    MotionFigures* figures) {
  constexpr float kNone = std::numeric_limits<float>::quiet_NaN();
  constexpr double kSlack = 1.0 / motion::kMotionRate;
  std::vector<float> guessed, meshes, seen;
  for (std::size_t i = 0; i < predicted.size(); ++i) {
    const core::FaceObservation* raw = face.raw(analysis, std::int64_t(i));
    const bool usable = raw != nullptr && face.weight[i] > 0 && face.frames[i].has_value();
    guessed.push_back(usable ? predicted[i] : kNone);
    meshes.push_back(usable ? mouth_openness(model, face, face.frames[i]->expression.head(model.speech_count))
                            : kNone);
    seen.push_back(usable ? real[i] : kNone);
  }
  figures->bilabials = eval::closures(guessed, seconds, bilabials, kSlack);
  figures->bilabials_mesh = eval::closures(meshes, seconds, bilabials, kSlack);
  figures->bilabials_seen = eval::closures(seen, seconds, bilabials, kSlack);
}

}  // namespace

MotionFigures measure_motion(const std::filesystem::path& clip, const ModelSet& models,
                             const MeasureOptions& options) {
  mesh::FaceModel model = mesh::load_face_model(models.get("face-model").file);
  const auto& weights = models.get("motion").file;
  Analysis analysis = analyse_cached(clip, {}, {options.cache, 0});
  FittedFace face = fit(analysis, model);
  const RestingMouth rest = rest_pose(model, face, weights);
  motion::Coefficients style = style_window(model, analysis, face);
  double audio_start = 0;
  core::AudioClip speech = media::read_audio(clip, 16000, &audio_start);
  motion::MotionTrack track = predict_motion(speech, weights, style, rest);

  std::vector<double> times;
  for (std::int64_t i = 0; i < analysis.frame_count(); ++i)
    times.push_back(analysis.centre_seconds(i) - audio_start);
  motion::Coefficients mouths = motion::sample(track, times, rest.mesh);
  std::vector<float> predicted, real, seen;
  for (std::int64_t i = 0; i < analysis.frame_count(); ++i) {
    const core::FaceObservation* raw = face.raw(analysis, i);
    predicted.push_back(mouth_openness(model, face, mouths.row(i).transpose()));
    real.push_back(raw != nullptr ? core::mouth_openness(raw->landmarks) : 0.F);
    seen.push_back(raw != nullptr && face.weight[std::size_t(i)] > 0 ? 1.F : 0.F);
  }
  eval::LagCorrelation best = eval::best_lag_correlation(predicted, real, seen, kMaxLag);
  MotionFigures figures{clip, int(analysis.frame_count()), best.value, best.lag, 0, 0, {}, {}, {}};
  double real_deviation = eval::deviation(real, seen);
  if (real_deviation > 0) figures.amplitude_ratio = eval::deviation(predicted, seen) / real_deviation;
  if (!options.phones.empty()) {
    const BilabialTimes bilabials = read_bilabials(options.phones);
    const auto own = bilabials.find(clip.stem().string());
    if (own != bilabials.end())
      count_closures(model, analysis, face, own->second, times, predicted, real, &figures);
  }
  figures.open_in_silence = open_share_in_silence(model, face, weights, style, rest);
  return figures;
}

}  // namespace resyncer::pipeline
