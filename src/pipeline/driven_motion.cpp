#include "pipeline/driven_motion.h"

#include "pipeline/aligned_mouths.h"
#include "resyncer/media/audio_reader.h"
#include "resyncer/pipeline/prepare.h"

namespace resyncer::pipeline {

namespace {

constexpr int kAnyRate = 16000;  // of sound whose start alone is asked for
constexpr float kSeen = 0.3F;    // usability of a frame whose mouth is followed

// Of every mesh at 25 Hz, whether the face is seen.
std::vector<bool> seen_rows(const std::vector<float>& confidence) {
  std::vector<bool> seen;
  seen.reserve(confidence.size());
  for (float c : confidence) seen.push_back(c >= kSeen);
  return seen;
}

}  // namespace

motion::MotionTrack driven_motion(const std::filesystem::path& driver, const std::filesystem::path& speech,
                                  const DrivenMouth& mouth, const ModelSet& models,
                                  const AnalysisOptions& how, const CacheOptions& cache,
                                  const ProgressSink& progress) {
  const std::filesystem::path& weights = models.get("motion").file;
  Analysis analysis = analyse_cached(driver, how, cache, progress);
  FittedFace face = fit(analysis, mouth.model);
  align_mouths(driver, mouth.model, &analysis, &face);
  const motion::StyleFootage footage = style_footage(mouth.model, analysis, face, weights, driver);

  std::error_code ignored;
  const bool own_sound = std::filesystem::equivalent(driver, speech, ignored);
  const double start = own_sound ? media::stream_audio(driver, kAnyRate, [](const float*, std::size_t) {})
                                 : analysis.seconds(0);
  const double end = analysis.centre_seconds(analysis.frame_count() - 1);
  const MotionRows rows = motion_rows(mouth.model, analysis, face, start, end);
  const motion::StyleSyncFormer former(weights);
  return former.transfer(
      Eigen::Map<const motion::Coefficients>(rows.values.data(), Eigen::Index(rows.confidence.size()),
                                             mouth.model.speech_count),
      seen_rows(rows.confidence), footage, mouth.own, mouth.rest.mesh, mouth.rest.opening);
}

}  // namespace resyncer::pipeline
