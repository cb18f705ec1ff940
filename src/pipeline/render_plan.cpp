#include "pipeline/render_plan.h"

#include <chrono>
#include <cmath>

#include "pipeline/mouth_plan.h"
#include "resyncer/core/error.h"
#include "resyncer/media/video_reader.h"
#include "resyncer/pipeline/cache.h"

namespace resyncer::pipeline {

namespace {

using core::Error;
using core::ErrorKind;
using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

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

void plan_frames(const Analysis& analysis, const motion::MotionTrack& track, const Eigen::VectorXf& rest,
                 RenderPlan* plan) {
  double speech_seconds = double(track.expression.rows()) / track.rate;
  std::vector<double> times = frame_times(analysis, plan->is_still, speech_seconds);
  motion::Coefficients mouths = motion::sample(track, times, rest);
  std::vector<int> previous;
  plan->tasks.resize(times.size());
  for (std::size_t i = 0; i < times.size(); ++i) {
    std::size_t analysed = plan->is_still ? 0 : i;
    const auto& params = plan->face.frames[analysed];
    FrameTask& task = plan->tasks[i];
    task.weight = plan->face.weight[analysed];
    if (!params || task.weight <= 0) continue;
    task.params = &*params;
    task.expression = with_mouth(params->expression, mouths.row(Eigen::Index(i)).transpose());
    previous = generator::choose_lenders(plan->references.entries, task.expression,
                                         generator::mouth_weights(plan->model),
                                         mesh::head_angles(params->camera_from_head), previous);
    task.references = previous;
  }
}

}  // namespace

RenderPlan make_plan(const RenderOptions& options, const ModelSet& models, const ProgressSink& progress,
                     RenderReport* report) {
  RenderPlan plan;
  plan.model = mesh::load_face_model(models.get("face-model").file);
  plan.is_still = media::probe_video(options.input).is_still;

  AnalysisOptions options_of_analysis;
  options_of_analysis.tracker = options.tracker;
  options_of_analysis.threads = options.threads == 1 ? 1 : 2;
  CacheOptions cache;
  if (options.use_cache)
    cache.folder = options.cache_folder.empty() ? default_cache_folder() : options.cache_folder;
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

  start = SteadyClock::now();
  const RestingMouth rest = rest_pose(plan.model, plan.face, models.get("motion").file);
  motion::MotionTrack track = predict_motion(options.speech, models.get("motion").file,
                                             style_window(plan.model, analysis, plan.face), rest);
  plan_frames(analysis, track, rest.mesh, &plan);
  report->stages["motion"] = {seconds_since(start), std::int64_t(plan.tasks.size())};
  return plan;
}

}  // namespace resyncer::pipeline
