#include "resyncer/pipeline/analysis.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <exception>
#include <thread>

#include "bounded_queue.h"
#include "pipeline/covered.h"
#include "resyncer/core/error.h"
#include "resyncer/media/video_reader.h"

namespace resyncer::pipeline {

namespace {

struct Reduced {
  media::VideoFrame picture;
  core::ImageU8 gray;
  std::optional<std::vector<track::Detection>> found;  // where the frame was looked through already
};

// The tracking half of the pass.
struct Follower {
  const AnalysisOptions& options;
  core::Affine2 upright_from_stored;
  float scale;
  std::int64_t expected;
  const ProgressSink& progress;
  Analysis* out;
  std::unique_ptr<track::FaceTracker> tracker;
  ReferenceBank bank;
  CoverWatch cover;

  Follower(const AnalysisOptions& o, const media::VideoReader& reader, float reduced,
           const ProgressSink& sink, Analysis* analysis)
      : options(o),
        upright_from_stored(reader.upright_from_stored()),
        scale(reduced),
        expected(reader.info().frame_count_hint),
        progress(sink),
        out(analysis),
        bank(o.bank_options) {
    // Taken out of the slot: after a failure it is not put back half-way through a video.
    if (o.kept_tracker != nullptr) tracker = std::move(*o.kept_tracker);
    if (!tracker) tracker = std::make_unique<track::FaceTracker>(o.tracker);
  }

  void push(const Reduced& item) {
    std::vector<core::FaceObservation> faces =
        tracker->push(item.gray, scale, item.found ? &*item.found : nullptr);
    cover.push(item.picture, upright_from_stored, faces);
    if (options.bank)
      bank.push(out->frame_count(), item.picture, upright_from_stored, item.gray, scale, faces);
    out->pts.push_back(item.picture.pts());
    if (progress) progress({"analyse", out->frame_count(), expected});
  }
};

// Decoding is the lesser half of the work: the thread that decodes looks frames through for faces besides.
void analyse_in_parallel(media::VideoReader* reader, Follower* follower) {
  constexpr std::size_t kQueue = 6;
  BoundedQueue<Reduced> queue(kQueue);
  BoundedQueue<core::ImageU8> spare(kQueue + 2);  // gray images go round
  for (std::size_t i = 0; i < kQueue + 2; ++i) spare.push({});
  std::exception_ptr failure;
  core::Affine2 upright = reader->upright_from_stored();
  std::thread decoding([&] {
    try {
      track::FaceSearch search(follower->options.tracker);
      for (std::int64_t index = 0; std::optional<media::VideoFrame> frame = reader->read(); ++index) {
        std::optional<core::ImageU8> gray = spare.pop();
        if (!gray) break;
        media::to_gray(*frame, upright, follower->scale, &*gray);
        std::optional<std::vector<track::Detection>> found;
        if (search.is_due(index)) found = search.search(*gray);
        if (!queue.push({std::move(*frame), std::move(*gray), std::move(found)})) break;
      }
    } catch (...) {
      failure = std::current_exception();
    }
    queue.close();
  });
  try {
    while (std::optional<Reduced> item = queue.pop()) {
      follower->push(*item);
      spare.push(std::move(item->gray));
    }
  } catch (...) {
    queue.close();
    spare.close();
    decoding.join();
    throw;
  }
  decoding.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

double Analysis::centre_seconds(std::int64_t frame) const {
  auto i = std::size_t(frame);
  if (pts.size() < 2) return seconds(frame);
  double length = i + 1 < pts.size() ? double(pts[i + 1] - pts[i]) : double(pts[i] - pts[i - 1]);
  return (double(pts[i]) + 0.5 * length) * time_base.value();
}

Analysis analyse(const std::filesystem::path& video, const AnalysisOptions& options,
                 const ProgressSink& progress) {
  media::ReaderOptions reading;
  reading.threads = options.threads > 1 ? 0 : 1;
  media::VideoReader reader(video, reading);
  Analysis analysis;
  analysis.width = reader.info().width;
  analysis.height = reader.info().height;
  analysis.time_base = reader.info().time_base;
  float scale = track::analysis_scale(analysis.width, analysis.height);
  Follower follower(options, reader, scale, progress, &analysis);
  if (options.threads > 1 && !reader.info().is_still) {
    analyse_in_parallel(&reader, &follower);
  } else {
    Reduced item;
    while (std::optional<media::VideoFrame> frame = reader.read()) {
      item.picture = std::move(*frame);
      media::to_gray(item.picture, follower.upright_from_stored, scale, &item.gray);
      follower.push(item);
    }
  }
  if (analysis.pts.empty())
    throw core::Error(core::ErrorKind::input, "no picture can be decoded", video.string());
  analysis.tracks = follower.tracker->finish();
  follower.cover.finish(&analysis.tracks);
  if (options.kept_tracker != nullptr) *options.kept_tracker = std::move(follower.tracker);
  assert(analysis.tracks.frame_count == analysis.frame_count());
  analysis.bank = follower.bank.finish();
  return analysis;
}

namespace {
const core::FaceObservation* observation(const std::vector<std::optional<core::FaceObservation>>& frames,
                                         std::int64_t index) {
  if (index < 0 || index >= std::int64_t(frames.size()) || !frames[std::size_t(index)]) return nullptr;
  return &*frames[std::size_t(index)];
}
}  // namespace

const core::FaceObservation* FittedFace::smoothed(const Analysis& analysis, std::int64_t frame) const {
  int t = track[std::size_t(frame)];
  if (t < 0) return nullptr;
  const track::FaceTrack& face = analysis.tracks.tracks[std::size_t(t)];
  return observation(face.frames, frame - face.first_frame);
}

const core::FaceObservation* FittedFace::raw(const Analysis& analysis, std::int64_t frame) const {
  int t = track[std::size_t(frame)];
  if (t < 0) return nullptr;
  const track::FaceTrack& face = analysis.tracks.tracks[std::size_t(t)];
  return observation(face.raw, frame - face.first_frame);
}

std::vector<int> tracks_of_frames(const Analysis& analysis, const track::FaceChoice& choice) {
  std::vector<int> of_frame(analysis.pts.size(), -1);
  std::vector<int> ids = track::choose(analysis.tracks, choice);
  for (std::size_t t = 0; t < analysis.tracks.tracks.size(); ++t) {
    const track::FaceTrack& face = analysis.tracks.tracks[t];
    if (std::find(ids.begin(), ids.end(), face.id) == ids.end()) continue;
    for (std::size_t i = 0; i < face.frames.size(); ++i) {
      std::size_t frame = std::size_t(face.first_frame) + i;
      if (face.frames[i] && frame < of_frame.size() && of_frame[frame] < 0) of_frame[frame] = int(t);
    }
  }
  return of_frame;
}

std::vector<float> usability_weights(const std::vector<bool>& usable,
                                     const std::vector<std::int64_t>& shot_starts, int fade_frames) {
  std::vector<float> weight(usable.size(), 0.F);
  for (std::size_t s = 0; s < shot_starts.size(); ++s) {
    std::size_t begin = std::min(usable.size(), std::size_t(std::max<std::int64_t>(0, shot_starts[s])));
    std::size_t end =
        s + 1 < shot_starts.size() ? std::min(usable.size(), std::size_t(shot_starts[s + 1])) : usable.size();
    // Frames since (and then until) the last unusable one; far away at the shot's ends.
    int away = fade_frames;
    for (std::size_t i = begin; i < end; ++i) {
      away = usable[i] ? std::min(away + 1, fade_frames + 1) : 0;
      weight[i] = float(away) / float(fade_frames + 1);
    }
    away = fade_frames;
    for (std::size_t i = end; i-- > begin;) {
      away = usable[i] ? std::min(away + 1, fade_frames + 1) : 0;
      weight[i] = std::min(weight[i], float(away) / float(fade_frames + 1));
    }
  }
  return weight;
}

FittedFace fit(const Analysis& analysis, const mesh::FaceModel& model, const track::FaceChoice& choice,
               const mesh::FitOptions& options, const UsabilityOptions& usability) {
  return std::move(fit_together({&analysis}, model, choice, options, usability).front());
}

namespace {

core::FaceObservation moved(core::FaceObservation face, core::Point2 by) {
  for (core::Point2& p : face.landmarks) p += by;
  return face;
}

// The shots of one video; pictures of different sizes are laid on one another at their centres.
void append_shots(const Analysis& analysis, const FittedFace& face, core::Point2 offset,
                  std::vector<mesh::ShotInput>* shots) {
  const auto& starts = analysis.tracks.shot_starts;
  for (std::size_t s = 0; s < starts.size(); ++s) {
    std::int64_t end = s + 1 < starts.size() ? starts[s + 1] : analysis.frame_count();
    mesh::ShotInput shot;
    for (std::int64_t i = starts[s]; i < end; ++i) {
      const core::FaceObservation* seen = face.smoothed(analysis, i);
      shot.frames.push_back(seen != nullptr ? std::optional(moved(*seen, offset)) : std::nullopt);
    }
    shots->push_back(std::move(shot));
  }
}

// Weights and reasons of a fitted face.
void judge_frames(const Analysis& analysis, const UsabilityOptions& options, FittedFace* face) {
  face->kept = kept_frames(analysis, *face, options);
  std::vector<bool> usable(face->kept.size());
  std::transform(face->kept.begin(), face->kept.end(), usable.begin(), [](Kept k) { return k == Kept::no; });
  face->weight = usability_weights(usable, analysis.tracks.shot_starts, options.fade_frames);
}

}  // namespace

std::vector<FittedFace> fit_together(const std::vector<const Analysis*>& analyses,
                                     const mesh::FaceModel& model, const track::FaceChoice& choice,
                                     const mesh::FitOptions& options, const UsabilityOptions& usability) {
  int width = 0, height = 0;
  for (const Analysis* a : analyses) width = std::max(width, a->width), height = std::max(height, a->height);
  std::vector<FittedFace> faces(analyses.size());
  std::vector<mesh::ShotInput> shots;
  bool any = false;
  for (std::size_t k = 0; k < analyses.size(); ++k) {
    const Analysis& a = *analyses[k];
    faces[k].track = tracks_of_frames(a, choice);
    any = any || std::any_of(faces[k].track.begin(), faces[k].track.end(), [](int t) { return t >= 0; });
    append_shots(a, faces[k], 0.5F * core::Point2(float(width - a.width), float(height - a.height)), &shots);
  }
  if (!any)
    throw core::Error(core::ErrorKind::face, "no usable face was found", "",
                      "choose footage in which a face is seen from the front, or another --face");
  mesh::TrackFit fitted = mesh::fit_track(model, shots, width, height, options);
  assert(fitted.shots.size() == shots.size());
  std::size_t shot = 0;
  for (std::size_t k = 0; k < analyses.size(); ++k) {
    const Analysis& a = *analyses[k];
    FittedFace& face = faces[k];
    face.identity = fitted.identity;
    face.camera = fitted.camera;
    face.camera.center_x -= 0.5F * float(width - a.width);
    face.camera.center_y -= 0.5F * float(height - a.height);
    face.reprojection_error = fitted.reprojection_error;
    for (std::size_t s = 0; s < a.tracks.shot_starts.size(); ++s, ++shot)
      std::move(fitted.shots[shot].begin(), fitted.shots[shot].end(), std::back_inserter(face.frames));
    judge_frames(a, usability, &face);
  }
  return faces;
}

generator::MouthView mouth_view(const mesh::FaceModel& model, const FittedFace& face, std::int64_t frame,
                                double seconds) {
  generator::MouthView view;
  view.params = *face.frames[std::size_t(frame)];
  view.camera = face.camera;
  view.seconds = seconds;
  const Eigen::VectorXf still = Eigen::VectorXf::Zero(model.expression_count());
  view.picture_from_frame = generator::mouth_from_frame(mesh::project(
      mesh::control_vertices(model, face.identity, still), view.params.camera_from_head, face.camera));
  return view;
}

namespace {

// Entries of the bank that show this person in a usable frame.
bool shows(const BankFrame& entry, const Analysis& analysis, const FittedFace& face) {
  const core::FaceObservation* seen = face.smoothed(analysis, entry.frame);
  auto i = std::size_t(entry.frame);
  if (seen == nullptr || !face.frames[i] || face.weight[i] <= 0) return false;
  // Another person's picture of the same frame lies elsewhere.
  float unit = core::inter_ocular_distance(seen->landmarks);
  return (seen->landmarks[33] - entry.landmarks[33]).norm() <= 0.5F * unit;
}

// `dense` in px of the frame, brought to the entry's picture.
mesh::Vertices in_picture(const BankFrame& entry, mesh::Vertices dense) {
  dense.col(0).array() -= entry.origin.x();
  dense.col(1).array() -= entry.origin.y();
  return dense * entry.scale;
}

}  // namespace

References take_references(Analysis* analysis, const FittedFace& face, const mesh::FaceModel& model,
                           OtherPictures others) {
  std::vector<BankFrame*> shown;
  std::vector<generator::MouthView> mouths;
  for (BankFrame& entry : analysis->bank) {
    if (!shows(entry, *analysis, face)) continue;
    shown.push_back(&entry);
    mouths.push_back(mouth_view(model, face, entry.frame, analysis->centre_seconds(entry.frame)));
    const core::Affine2 frame_from_image(Eigen::Translation2f(entry.origin) *
                                         Eigen::Scaling(1 / entry.scale));
    resample(entry.image, mouths.back().picture_from_frame * frame_from_image, generator::kMouthPicture,
             generator::kMouthPicture, &mouths.back().picture);
  }
  References out;
  out.mouths = std::make_unique<generator::MouthAligner>(model, face.identity, mouths);
  for (std::size_t k = 0; k < shown.size(); ++k) {
    BankFrame& entry = *shown[k];
    const mesh::FaceParams& params = *face.frames[std::size_t(entry.frame)];
    const Eigen::VectorXf& expression = out.mouths->expression(k);
    const mesh::Vertices dense =
        mesh::dense_vertices(model, mesh::control_vertices(model, face.identity, expression));
    out.references.push_back({std::move(entry.image),
                              in_picture(entry, mesh::project(dense, params.camera_from_head, face.camera))});
    out.entries.push_back({analysis->centre_seconds(entry.frame), expression,
                           mesh::head_angles(params.camera_from_head), core::mouth_openness(entry.landmarks),
                           entry.sharpness});
  }
  auto& bank = analysis->bank;
  bank.erase(std::remove_if(bank.begin(), bank.end(),
                            [&](const BankFrame& entry) {
                              return others == OtherPictures::dropped || entry.image.empty();
                            }),
             bank.end());
  return out;
}

}  // namespace resyncer::pipeline
