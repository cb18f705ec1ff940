#include "pipeline/render_plan.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "pipeline/mouth_control.h"
#include "pipeline/mouth_plan.h"
#include "pipeline/plan_job.h"
#include "pipeline/speaker_plan.h"
#include "pipeline/speech_activity.h"
#include "resyncer/core/error.h"
#include "resyncer/pipeline/measure_sync.h"
#include "resyncer/pipeline/provenance.h"

namespace resyncer::pipeline {

namespace {

using core::Error;
using core::ErrorKind;

// Whose voice moves the mouth.
const std::filesystem::path& voice(const RenderOptions& options) {
  return options.speech_stem.empty() ? options.speech : options.speech_stem;
}

// A stem that does not fit its mix moves lips beside the words.
void tell_of_stem(const RenderOptions& options, std::vector<std::string>* notes) {
  constexpr double kWorthAWord = 0.1;  // s
  if (options.speech_stem.empty()) return;
  const double stem = sound_seconds(options.speech_stem), mix = sound_seconds(options.speech);
  if (std::abs(stem - mix) < kWorthAWord) return;
  char text[160];
  std::snprintf(text, sizeof text,
                "--speech-stem lasts %.2f s, the sound of -a %.2f s: both begin with the picture", stem, mix);
  notes->push_back(text);
}

// The controls, with the source's own offset measured where it is to be kept.
MouthControls resolved(const PlanJob& job, const mesh::FaceModel& model, const FittedFace& face) {
  const Analysis& analysis = *job.analysis;
  RenderReport* report = job.report;
  MouthControls controls = job.options.mouth;
  if (!controls.keep_source_offset) return controls;
  auto start = SteadyClock::now();
  const SourceOffset source = source_offset(job.options.input, analysis, face, model, job.models);
  report->stages["offset"] = {seconds_since(start), analysis.frame_count()};
  if (!source.doubt.empty()) {
    report->notes.push_back("the source's own offset is not known, 0 is used: " + source.doubt);
    return controls;
  }
  report->source_offset_ms = source.milliseconds;
  controls.offset_ms = motion::Curve(float(source.milliseconds));
  return controls;
}

// How long the speech is heard; of a picture, how long it moves. `track`: empty where the motion is imported.
double speech_seconds(const PlanJob& job, const motion::MotionTrack& track) {
  const RenderOptions& options = job.options;
  const double moves = double(track.expression.rows()) / track.rate;
  if (job.info.is_still) return moves > 0 ? moves : motion_seconds(options.speech);
  const bool is_its_own = options.drive.empty() && options.speech_stem.empty() && moves > 0;
  if (options.length == LengthMode::video && is_its_own) return moves;  // good enough for a word on it
  return sound_seconds(options.speech);
}

// How far the new mouth is seen, by the silences of the speech.
std::vector<float> silence_weights(const RenderOptions& options, const std::filesystem::path& speech,
                                   std::vector<double> seconds,
                                   const std::vector<std::int64_t>& shot_starts) {
  if (options.silence == Silence::rest) return std::vector<float>(seconds.size(), 1.F);
  for (double& t : seconds) t -= double(options.mouth.offset_ms.at(t)) / 1000;
  return usability_weights(near_speech(speech, seconds), shot_starts, kFadeFrames);
}

// The mouths of the new speech.
void plan_speech(const PlanJob& job, RenderPlan* plan) {
  const RenderOptions& options = job.options;
  FacePlan& face = plan->faces.front();
  const MouthControls controls = resolved(job, plan->model, face.face);
  const auto start = SteadyClock::now();
  const RestingMouth rest = rest_pose(plan->model, face.face, job.models.get("motion").file);
  motion::MotionTrack track;
  if (controls.motion_in.empty())
    track = motion_of(job, voice(options),
                      {plan->model, style_window(plan->model, *job.analysis, face.face), rest});
  tell_of_stem(options, &job.report->notes);
  plan->timeline =
      make_timeline(*job.analysis, job.info, options.length, speech_seconds(job, track), &job.report->notes);
  const std::vector<double> times = plan->timeline.middles();
  const auto& shots = plan->timeline.shot_starts;
  const std::vector<float> in_ranges = range_weights(controls.ranges, times, shots),
                           spoken = silence_weights(options, voice(options), times, shots);
  motion::Coefficients mouths = mouths_of_frames(
      controls,
      {plan->model, job.models.get("face-model").sha256, face.face.identity, times, mean_rate(times)}, track,
      rest.mesh, &job.report->notes);
  if (options.identity.empty()) {
    plan_frames(plan->model, plan->timeline, mouths, least(in_ranges, spoken), &face);
  } else {  // the face is another's in silences too
    mix_with_footage(plan->timeline, face.face, spoken, &mouths);
    plan_frames(plan->model, plan->timeline, mouths, in_ranges, &face);
  }
  job.report->stages["motion"] = {seconds_since(start), std::int64_t(face.tasks.size())};
}

// Where and why faces keep their own mouths, among the frames that are to be repainted.
std::vector<KeptRange> kept_of(const RenderPlan& plan) {
  std::vector<KeptRange> ranges;
  for (const FacePlan& face : plan.faces) {
    std::vector<Kept> kept;
    for (std::size_t i = 0; i < face.asked.size(); ++i)
      kept.push_back(face.asked[i] ? face.face.kept[std::size_t(plan.timeline.shown[i].source)] : Kept::no);
    const std::vector<KeptRange> own = kept_ranges(kept, plan.timeline.starts());
    ranges.insert(ranges.end(), own.begin(), own.end());
  }
  std::stable_sort(ranges.begin(), ranges.end(),
                   [](const KeptRange& a, const KeptRange& b) { return a.time.start < b.time.start; });
  return ranges;
}

}  // namespace

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

AnalysisOptions analysis_options(const RenderOptions& options) {
  AnalysisOptions analysis;
  analysis.tracker = options.tracker;
  analysis.threads = options.threads == 1 ? 1 : 2;
  return analysis;
}

CacheOptions cache_options(const RenderOptions& options) {
  CacheOptions cache;
  if (options.use_cache)
    cache.folder = options.cache_folder.empty() ? default_cache_folder() : options.cache_folder;
  return cache;
}

FacePlan find_face(const PlanJob& job, const mesh::FaceModel& model, const track::FaceChoice& choice,
                   OtherPictures others, const std::string& place) {
  const auto start = SteadyClock::now();
  FacePlan plan;
  UsabilityOptions usability;
  usability.max_yaw_degrees = job.options.max_yaw_degrees;
  plan.face = fit(*job.analysis, model, choice, {}, usability);
  plan.references = take_references(job.analysis, plan.face, model, others);
  if (plan.references.references.empty())
    throw Error(ErrorKind::face, "no frame shows the face well enough to repaint it", place,
                "use footage with a clear, frontal face");
  StageTime& stage = job.report->stages["fit"];
  stage.seconds += seconds_since(start);
  stage.frames = job.analysis->frame_count();
  return plan;
}

motion::MotionTrack motion_of(const PlanJob& job, const std::filesystem::path& speech,
                              const DrivenMouth& mouth) {
  const RenderOptions& options = job.options;
  if (!options.drive.empty())
    return driven_motion(options.drive, speech, mouth, job.models, job.how, job.cache, job.progress);
  motion::Manner manner(mouth.own);
  manner.style = choose_style(options.style, job.models, job.how, job.cache, job.progress);
  manner.strength = options.style.strength;
  return predict_motion(speech, job.models.get("motion").file, manner, mouth.rest);
}

double mean_rate(const std::vector<double>& times) {
  constexpr double kAnyRate = 25;
  return times.size() > 1 ? double(times.size() - 1) / (times.back() - times.front()) : kAnyRate;
}

std::vector<float> least(std::vector<float> a, const std::vector<float>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = std::min(a[i], b[i]);
  return a;
}

std::vector<float> RenderPlan::weights() const {
  std::vector<float> weights(timeline.shown.size(), 0.F);
  for (const FacePlan& face : faces)
    for (std::size_t i = 0; i < weights.size(); ++i)
      if (face.tasks[i].params != nullptr) weights[i] = std::max(weights[i], face.tasks[i].weight);
  return weights;
}

RenderPlan make_plan(const RenderOptions& options, const ModelSet& models, const ProgressSink& progress,
                     RenderReport* report) {
  RenderPlan plan;
  std::vector<std::filesystem::path> inputs = {options.input, options.speech, options.speech_stem};
  for (const Speaker& turn : options.speakers) inputs.push_back(turn.speech);
  plan.inputs = SteadyFiles(inputs);
  plan.model = mesh::load_face_model(models.get("face-model").file);
  const media::VideoInfo info = media::probe_video(options.input);

  const AnalysisOptions options_of_analysis = analysis_options(options);
  const CacheOptions cache = cache_options(options);
  auto start = SteadyClock::now();
  Analysis analysis =
      analyse_cached(options.input, options_of_analysis, cache, progress, &report->analysis_cached);
  report->stages["analyse"] = {seconds_since(start), analysis.frame_count()};

  const PlanJob job{options, models, options_of_analysis, cache, progress, info, &analysis, report};
  if (options.speakers.empty())
    plan.faces.push_back(
        find_face(job, plan.model, options.face, OtherPictures::dropped, options.input.string()));
  if (!options.speakers.empty()) {
    plan_speakers(job, &plan);
  } else if (options.speech.empty()) {
    plan.timeline = make_timeline(analysis, info, LengthMode::video, 0, &report->notes);
    const Timeline& timeline = plan.timeline;
    keep_motion(timeline, range_weights(options.mouth.ranges, timeline.middles(), timeline.shot_starts),
                &plan.faces.front());
  } else {
    plan_speech(job, &plan);
  }
  if (!plan.faces.empty()) report->reprojection_error = plan.faces.front().face.reprojection_error;
  plan.inputs.check();
  std::vector<bool> altered;
  for (float weight : plan.weights()) altered.push_back(weight > 0);
  report->altered = altered_ranges(altered, plan.timeline.starts());
  report->kept = kept_of(plan);
  if (!report->kept.empty()) report->notes.push_back(kept_note(report->kept));
  return plan;
}

}  // namespace resyncer::pipeline
