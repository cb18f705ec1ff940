#include "pipeline/result_film.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "pipeline/film_strip.h"
#include "resyncer/eval/mouth_metrics.h"

namespace resyncer::pipeline {

namespace {

constexpr std::size_t kEven = 8, kWorst = 4;
constexpr int kSmallest = 256, kLargest = 480;  // px of a picture: the face's own size, within these

std::vector<std::int64_t> evenly(const ResultFootage& footage) {
  std::vector<std::int64_t> shown, chosen;
  for (std::int64_t i = 0; i < footage.result.analysis.frame_count(); ++i)
    if (footage.base().shows_face(footage.base_frame(i))) shown.push_back(i);
  for (std::size_t k = 0; k < kEven && !shown.empty(); ++k) {
    const std::int64_t frame = shown[shown.size() * (2 * k + 1) / (2 * kEven)];
    if (chosen.empty() || chosen.back() != frame) chosen.push_back(frame);
  }
  return chosen;
}

// Frames of the largest values above `least`, not near one another, in order.
std::vector<std::int64_t> peaks(const std::vector<float>& values, float least) {
  std::vector<std::int64_t> order, chosen;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i] > least) order.push_back(std::int64_t(i));
  std::sort(order.begin(), order.end(),
            [&](auto a, auto b) { return values[std::size_t(a)] > values[std::size_t(b)]; });
  for (std::int64_t frame : order) {
    const bool near = std::any_of(chosen.begin(), chosen.end(), [&](std::int64_t other) {
      return std::abs(other - frame) < WorstFrames::kApart;
    });
    if (!near && chosen.size() < kWorst) chosen.push_back(frame);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

const std::vector<float>& values_of(const Report& report, const std::string& name) {
  static const std::vector<float> none;
  for (const Series& series : report.series)
    if (series.name == name) return series.values;
  return none;
}

}  // namespace

ResultFilm::ResultFilm(const ResultFootage& footage, const Report& mouths, std::string fault_title)
    : footage_(footage), fault_title_(std::move(fault_title)) {
  const std::vector<float>& opening = values_of(mouths, "lip_opening");
  const std::vector<float>& distance = values_of(mouths, "lip_distance");
  std::vector<float> in_silence = opening;
  for (std::size_t i = 0; i < in_silence.size(); ++i)
    if (!footage.silent[i]) in_silence[i] = 0;
  plan("Evenly spread", evenly(footage), opening, "lips %.2f open");
  plan("Widest open in silence", peaks(in_silence, eval::kOpenMouth), opening, "lips %.2f open");
  plan("Lips farthest from the real speaker's", peaks(distance, 0), distance, "%.3f apart");
}

void ResultFilm::plan(const std::string& title, const std::vector<std::int64_t>& frames,
                      const std::vector<float>& values, const char* format) {
  if (frames.empty()) return;
  films_.push_back({title, {}});
  for (std::int64_t frame : frames) {
    char remark[64] = "";
    const float value = values[std::size_t(frame)];
    if (std::isfinite(value)) std::snprintf(remark, sizeof remark, format, double(value));
    planned_.push_back({frame, films_.size() - 1, remark});
  }
}

void ResultFilm::see(std::int64_t frame, const Pictures& pictures, double fault, const std::string& remark) {
  for (const Planned& moment : planned_)
    if (moment.frame == frame) films_[moment.film].columns.push_back(column(frame, pictures, moment.remark));
  if (footage_.base().shows_face(footage_.base_frame(frame)))
    worst_.see(frame, fault, [&] { return column(frame, pictures, remark); });
}

FilmColumn ResultFilm::column(std::int64_t frame, const Pictures& pictures, const std::string& remark) {
  const Analysis& analysis = footage_.result.analysis;
  FilmColumn column{frame, analysis.seconds(frame) - analysis.seconds(0), remark, {}};
  const Footage& base = footage_.base();
  const std::int64_t there = footage_.base_frame(frame);
  if (pictures.source != nullptr)
    column.cells.push_back(
        {footage_.real_is_source ? "source, real" : "source", face_picture(base, there, *pictures.source)});
  column.cells.push_back({"result", face_picture(base, there, *pictures.result)});
  if (pictures.real == nullptr || footage_.real_is_source) return column;
  const bool same = footage_.real_shows_same_frames;
  column.cells.push_back(
      {"real", face_picture(same ? base : *footage_.real,
                            same ? there : footage_.real_frame[std::size_t(frame)], *pictures.real)});
  return column;
}

core::ImageU8 ResultFilm::face_picture(const Footage& seen_by, std::int64_t frame,
                                       const media::VideoFrame& picture) {
  core::ImageU8 out;
  if (!seen_by.shows_face(frame)) return out;
  const mesh::FaceParams& params = *seen_by.face.frames[std::size_t(frame)];
  const mesh::Vertices neutral =
      frame_meshes({&footage_.model, &seen_by.face}, {&params, 1.F, params.expression, {}}).neutral;
  const float scale = std::sqrt(std::abs(face_view(neutral, kSmallest).linear().determinant()));
  const int side = int(std::clamp(float(kSmallest) / scale, float(kSmallest), float(kLargest)));
  take_crop(picture, seen_by.upright_from_stored(), face_view(neutral, side), side, &scratch_, &out);
  return out;
}

std::vector<Film> ResultFilm::finish() {
  Film worst{fault_title_, worst_.finish()};
  if (!worst.columns.empty()) films_.push_back(std::move(worst));
  return std::move(films_);
}

}  // namespace resyncer::pipeline
