#include "pipeline/render_plan.h"

#include <chrono>
#include <cmath>

#include "pipeline/driven_motion.h"
#include "pipeline/mouth_control.h"
#include "pipeline/mouth_plan.h"
#include "resyncer/core/error.h"
#include "resyncer/media/video_reader.h"
#include "resyncer/pipeline/measure_sync.h"
#include "resyncer/pipeline/provenance.h"

namespace resyncer::pipeline {

namespace {

using core::Error;
using core::ErrorKind;

constexpr int kStillRate = 25;  // frames a second of a still picture's video

std::vector<double> frame_times(const Analysis& analysis, bool is_still, double speech_seconds) {
  std::vector<double> times;
  if (is_still) {
    auto frames = std::max<std::int64_t>(1, std::llround(std::ceil(speech_seconds * kStillRate)));
    for (std::int64_t i = 0; i < frames; ++i) times.push_back((double(i) + 0.5) / kStillRate);
  } else {
    // The new speech begins with the picture.
    for (std::int64_t i = 0; i < analysis.frame_count(); ++i)
      times.push_back(analysis.centre_seconds(i) - analysis.seconds(0));
  }
  return times;
}

// When frames come on the screen, and when the last one leaves it (s).
std::vector<double> frame_starts(const Analysis& analysis, bool is_still, std::size_t frames) {
  std::vector<double> starts;
  for (std::size_t i = 0; i < frames; ++i)
    starts.push_back(is_still ? double(i) / kStillRate : analysis.seconds(std::int64_t(i)));
  const auto& pts = analysis.pts;
  if (is_still || frames < 2)
    starts.push_back(starts.back() + 1.0 / kStillRate);
  else
    starts.push_back(double(2 * pts[frames - 1] - pts[frames - 2]) * analysis.time_base.value());
  return starts;
}

double mean_rate(const std::vector<double>& times) {
  return times.size() > 1 ? double(times.size() - 1) / (times.back() - times.front()) : kStillRate;
}

// `in_ranges`: weight of every frame by the ranges that were asked for.
void plan_frames(const motion::Coefficients& mouths, const std::vector<float>& in_ranges, RenderPlan* plan) {
  std::vector<int> previous;
  plan->tasks.resize(in_ranges.size());
  for (std::size_t i = 0; i < plan->tasks.size(); ++i) {
    std::size_t analysed = plan->is_still ? 0 : i;
    const auto& params = plan->face.frames[analysed];
    FrameTask& task = plan->tasks[i];
    task.weight = std::min(plan->face.weight[analysed], in_ranges[i]);
    if (!params || task.weight <= 0) continue;
    task.params = &*params;
    task.expression = with_mouth(params->expression, mouths.row(Eigen::Index(i)).transpose());
    previous = generator::choose_lenders(plan->references.entries, task.expression,
                                         generator::mouth_weights(plan->model),
                                         mesh::head_angles(params->camera_from_head), previous);
    task.references = previous;
  }
}

// Without speech: the mouths of the footage.
void keep_motion(const std::vector<float>& in_ranges, RenderPlan* plan) {
  plan->tasks.resize(in_ranges.size());
  for (std::size_t i = 0; i < plan->tasks.size(); ++i) {
    const auto& params = plan->face.frames[i];
    FrameTask& task = plan->tasks[i];
    task.weight = std::min(plan->face.weight[i], in_ranges[i]);
    if (!params || task.weight <= 0) continue;
    task.params = &*params;
    task.expression = params->expression;
  }
}

// The controls, with the source's own offset measured where it is to be kept.
MouthControls resolved(const RenderOptions& options, const Analysis& analysis, const RenderPlan& plan,
                       const ModelSet& models, RenderReport* report) {
  MouthControls controls = options.mouth;
  if (!controls.keep_source_offset) return controls;
  auto start = SteadyClock::now();
  const SourceOffset source = source_offset(options.input, analysis, plan.face, plan.model, models);
  report->stages["offset"] = {seconds_since(start), analysis.frame_count()};
  if (!source.doubt.empty()) {
    report->notes.push_back("the source's own offset is not known, 0 is used: " + source.doubt);
    return controls;
  }
  report->source_offset_ms = source.milliseconds;
  controls.offset_ms = motion::Curve(float(source.milliseconds));
  return controls;
}

// How further clips are analysed: drivers and those that styles are taken from.
struct ClipAnalysis {
  const AnalysisOptions& options;
  const CacheOptions& cache;
  const ProgressSink& progress;
};

// As the driver's mouth moves, else as the speech tells.
motion::MotionTrack motion_of(const RenderOptions& options, const DrivenMouth& mouth, const ModelSet& models,
                              const ClipAnalysis& clips) {
  if (!options.drive.empty())
    return driven_motion(options.drive, options.speech, mouth, models, clips.options, clips.cache,
                         clips.progress);
  motion::Manner manner(mouth.own);
  manner.style = choose_style(options.style, models, clips.options, clips.cache, clips.progress);
  manner.strength = options.style.strength;
  return predict_motion(options.speech, models.get("motion").file, manner, mouth.rest);
}

// The mouths of the new speech.
void plan_speech(const RenderOptions& options, const Analysis& analysis, const ModelSet& models,
                 const ClipAnalysis& clips, RenderPlan* plan, RenderReport* report) {
  const MouthControls controls = resolved(options, analysis, *plan, models, report);
  const auto start = SteadyClock::now();
  const RestingMouth rest = rest_pose(plan->model, plan->face, models.get("motion").file);
  motion::MotionTrack track;
  double speech_seconds = 0;  // of a picture's video
  if (controls.motion_in.empty()) {
    track = motion_of(options, {plan->model, style_window(plan->model, analysis, plan->face), rest}, models,
                      clips);
    speech_seconds = double(track.expression.rows()) / track.rate;
  } else if (plan->is_still) {
    speech_seconds = motion_seconds(options.speech);
  }
  const std::vector<double> times = frame_times(analysis, plan->is_still, speech_seconds);
  const std::vector<float> in_ranges = range_weights(
      controls.ranges, times, plan->is_still ? std::vector<std::int64_t>{0} : analysis.tracks.shot_starts);
  const motion::Coefficients mouths = mouths_of_frames(
      controls, {plan->model, models.get("face-model").sha256, plan->face.identity, times, mean_rate(times)},
      track, rest.mesh, &report->notes);
  plan_frames(mouths, in_ranges, plan);
  report->stages["motion"] = {seconds_since(start), std::int64_t(plan->tasks.size())};
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

RenderPlan make_plan(const RenderOptions& options, const ModelSet& models, const ProgressSink& progress,
                     RenderReport* report) {
  RenderPlan plan;
  plan.inputs = SteadyFiles({options.input, options.speech});
  plan.model = mesh::load_face_model(models.get("face-model").file);
  plan.is_still = media::probe_video(options.input).is_still;

  const AnalysisOptions options_of_analysis = analysis_options(options);
  const CacheOptions cache = cache_options(options);
  auto start = SteadyClock::now();
  Analysis analysis =
      analyse_cached(options.input, options_of_analysis, cache, progress, &report->analysis_cached);
  report->stages["analyse"] = {seconds_since(start), analysis.frame_count()};

  start = SteadyClock::now();
  plan.face = fit(analysis, plan.model, options.face);
  plan.references = take_references(&analysis, plan.face, plan.model);
  report->reprojection_error = plan.face.reprojection_error;
  if (plan.references.references.empty())
    throw Error(ErrorKind::face, "no frame shows the face well enough to repaint it", options.input.string(),
                "use footage with a clear, frontal face");
  report->stages["fit"] = {seconds_since(start), analysis.frame_count()};

  if (options.speech.empty())
    keep_motion(
        range_weights(options.mouth.ranges, frame_times(analysis, false, 0), analysis.tracks.shot_starts),
        &plan);
  else
    plan_speech(options, analysis, models, {options_of_analysis, cache, progress}, &plan, report);
  plan.inputs.check();
  std::vector<bool> altered;
  for (const FrameTask& task : plan.tasks) altered.push_back(task.params != nullptr);
  report->altered = altered_ranges(altered, frame_starts(analysis, plan.is_still, altered.size()));
  return plan;
}

}  // namespace resyncer::pipeline
