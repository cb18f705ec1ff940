#include "pipeline/result_footage.h"

#include <algorithm>
#include <cmath>

#include "pipeline/mouth_plan.h"
#include "pipeline/speech_mel.h"
#include "resyncer/core/error.h"
#include "resyncer/pipeline/cache.h"
#include "resyncer/speech/speech_gate.h"

namespace resyncer::pipeline {

namespace {

using core::Error;
using core::ErrorKind;

constexpr double kGateRate = 50;  // Hz

Footage analysed(const std::filesystem::path& path, const ResultOptions& options,
                 const ProgressSink& progress) {
  AnalysisOptions how;
  how.tracker = options.tracker;
  how.bank = false;
  Footage footage;
  footage.path = path;
  footage.info = media::probe_video(path);
  footage.analysis = analyse_cached(path, how, {options.cache, 0}, progress);
  return footage;
}

void fit_face(const mesh::FaceModel& model, const track::FaceChoice& choice, Footage* footage) {
  try {
    footage->face = fit(footage->analysis, model, choice);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::face) throw;
    throw Error(ErrorKind::face, "shows no usable face", footage->path.string(),
                "name footage in which a face is seen from the front, or another --face");
  }
}

// Seconds from the first frame to the middle of each.
std::vector<double> times_of(const Analysis& analysis) {
  std::vector<double> times;
  for (std::int64_t i = 0; i < analysis.frame_count(); ++i)
    times.push_back(analysis.centre_seconds(i) - analysis.seconds(0));
  return times;
}

std::vector<std::int64_t> frames_of_source(const Footage& result, const Footage& source) {
  const std::int64_t frames = result.analysis.frame_count(), there = source.analysis.frame_count();
  auto size = [](const media::VideoInfo& info) {
    return std::to_string(info.stored_width) + "x" + std::to_string(info.stored_height);
  };
  if (size(result.info) != size(source.info))
    throw Error(ErrorKind::input, "is " + size(source.info) + " px, but the result " + size(result.info),
                source.path.string(), "name the video that the result was rendered from");
  if (!source.info.is_still && there != frames)
    throw Error(ErrorKind::input,
                "has " + std::to_string(there) + " frames, but the result " + std::to_string(frames),
                source.path.string(), "name the video that the result was rendered from");
  std::vector<std::int64_t> of_frame(std::size_t(frames), 0);
  for (std::int64_t i = 0; i < frames && !source.info.is_still; ++i) of_frame[std::size_t(i)] = i;
  return of_frame;
}

std::vector<std::int64_t> frames_nearest(const std::vector<double>& times, const std::vector<double>& there) {
  std::vector<std::int64_t> nearest;
  std::size_t next = 0;
  const double step = there.size() > 1 ? there[1] - there[0] : 0;
  for (double time : times) {
    while (next + 1 < there.size() && std::abs(there[next + 1] - time) <= std::abs(there[next] - time))
      ++next;
    const bool ended = there.empty() || time > there.back() + step;
    nearest.push_back(ended ? -1 : std::int64_t(next));
  }
  return nearest;
}

// Where nobody speaks, by the gate that renders shut the mouth by; what comes after the speech is silence.
std::vector<bool> silent_frames(const std::filesystem::path& speech, const std::vector<double>& times) {
  speech::SpeechGate gate;
  stream_mel(speech, [&](const core::FeatureSequence& mel) { gate.push(mel); });
  const std::vector<bool> speaks = gate.finish();
  std::vector<bool> silent;
  for (double time : times) {
    const auto i = std::size_t(std::max(0.0, time * kGateRate));
    silent.push_back(i >= speaks.size() || !speaks[i]);
  }
  return silent;
}

}  // namespace

core::Affine2 Footage::upright_from_stored() const {
  return media::upright_from_stored(info.stored_width, info.stored_height, info.rotation_degrees,
                                    info.sample_aspect.value());
}

const Footage& ResultFootage::base() const {
  if (source) return *source;
  return real && real_shows_same_frames ? *real : result;
}

std::int64_t ResultFootage::base_frame(std::int64_t frame) const {
  return source ? source_frame[std::size_t(frame)] : frame;
}

std::optional<FrameMeshes> ResultFootage::meshes(std::int64_t frame) const {
  const std::int64_t there = base_frame(frame);
  if (!base().shows_face(there)) return std::nullopt;
  const FittedFace& face = base().face;
  const mesh::FaceParams& params = *face.frames[std::size_t(there)];
  FrameTask task{&params, 1.F, params.expression, {}};
  if (result.shows_face(frame))
    task.expression = with_mouth(params.expression,
                                 result.face.frames[std::size_t(frame)]->expression.head(model.speech_count));
  return frame_meshes({&model, &face}, task);
}

ResultFootage gather_footage(const ResultFiles& files, const ModelSet& models, const ResultOptions& options,
                             const ProgressSink& progress) {
  ResultFootage footage;
  footage.model = mesh::load_face_model(models.get("face-model").file);
  footage.result = analysed(files.result, options, progress);
  const std::vector<double> times = times_of(footage.result.analysis);
  footage.silent = silent_frames(files.speech, times);
  fit_face(footage.model, options.face, &footage.result);
  if (!files.source.empty()) {
    footage.source = analysed(files.source, options, progress);
    footage.source_frame = frames_of_source(footage.result, *footage.source);
    fit_face(footage.model, options.face, &*footage.source);
  }
  if (!files.real.empty()) {
    std::error_code ignored;
    footage.real_is_source = footage.source && std::filesystem::equivalent(files.real, files.source, ignored);
    footage.real = footage.real_is_source ? *footage.source : analysed(files.real, options, progress);
    const media::VideoInfo &mine = footage.result.info, &other = footage.real->info;
    footage.real_shows_same_frames =
        footage.real->analysis.frame_count() == footage.result.analysis.frame_count() &&
        mine.stored_width == other.stored_width && mine.stored_height == other.stored_height;
    footage.real_frame =
        frames_nearest(times, footage.real_shows_same_frames ? times : times_of(footage.real->analysis));
    // Other footage need not have as many faces, nor the same one first.
    fit_face(footage.model, footage.real_shows_same_frames ? options.face : track::FaceChoice{},
             &*footage.real);
  }
  return footage;
}

}  // namespace resyncer::pipeline
