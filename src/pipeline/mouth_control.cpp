#include "pipeline/mouth_control.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "resyncer/core/error.h"
#include "resyncer/media/video_reader.h"
#include "resyncer/motion/controls.h"
#include "resyncer/motion/motion_file.h"

namespace resyncer::pipeline {

namespace {

using core::Error;
using core::ErrorKind;

constexpr int kEaseFrames = 5;       // at the edges of a range
constexpr float kVisibleCm = 0.05F;  // misfit that is worth a word

bool is_point_cache(const std::filesystem::path& path) { return path.extension() == ".pc2"; }

void check_format(const std::filesystem::path& path) {
  if (!path.empty() && !is_point_cache(path) && path.extension() != ".json")
    throw Error(ErrorKind::usage, "is neither a .json nor a .pc2", path.string(),
                "name the motion's format by its ending");
}

// The file's motion on the clock of its frames: row i at (i + 0.5) / rate.
motion::MotionTrack import(const MouthControls& controls, const MouthTimes& times, Eigen::VectorXf* rest,
                           std::vector<std::string>* notes) {
  const auto rows = Eigen::Index(times.seconds.size());
  if (!is_point_cache(controls.motion_in)) {
    motion::Motion file = motion::read_motion(
        controls.motion_in, {times.face_model_hash, rows, Eigen::Index(times.model.speech_count)});
    *rest = std::move(file.rest);
    return {times.rate, std::move(file.expression)};
  }
  motion::PointCacheMotion cache =
      motion::read_point_cache(controls.motion_in, times.model, times.identity, rows);
  if (cache.misfit > kVisibleCm) {
    char text[160];
    std::snprintf(text, sizeof text,
                  ": the face cannot do all of this motion; up to %.1f mm of it are left out",
                  double(10 * cache.misfit));
    notes->push_back(controls.motion_in.string() + text);
  }
  return {times.rate, std::move(cache.expression)};
}

}  // namespace

void check_controls(const MouthControls& controls, const std::filesystem::path& input) {
  check_format(controls.motion_in);
  check_format(controls.motion_out);
  std::error_code ignored;
  if (!controls.motion_in.empty() && !std::filesystem::is_regular_file(controls.motion_in, ignored))
    throw Error(ErrorKind::input, "The motion cannot be used: there is no such file",
                controls.motion_in.string());
  if (!controls.still_head && !controls.keep_source_offset) return;
  const bool is_still = media::probe_video(input).is_still;
  if (controls.still_head && !is_still)
    throw Error(
        ErrorKind::usage,
        "--head still is for a picture: only the mouth is repainted, a video's head moves with its frames",
        input.string(), "render one frame of it as a picture");
  if (controls.keep_source_offset && is_still)
    throw Error(ErrorKind::usage, "a picture has no offset to its sound", input.string(),
                "leave out --offset-ms auto");
}

motion::Coefficients mouths_of_frames(const MouthControls& controls, const MouthTimes& times,
                                      const motion::MotionTrack& track, Eigen::VectorXf rest,
                                      std::vector<std::string>* notes) {
  const bool imported = !controls.motion_in.empty(), moved = !controls.offset_ms.is(0);
  const motion::MotionTrack smooth =
      imported ? motion::smooth(import(controls, times, &rest, notes), controls.smooth)
               : motion::smooth(track, controls.smooth, times.speech_start);
  motion::Coefficients mouths;
  if (imported && !moved) {
    mouths = smooth.expression;  // row by row, to the bit
  } else {
    std::vector<double> seconds = times.seconds;
    for (std::size_t i = 0; i < seconds.size(); ++i) {
      const double offset = double(controls.offset_ms.at(seconds[i])) / 1000;
      seconds[i] = (imported ? (double(i) + 0.5) / times.rate : seconds[i] - times.speech_start) - offset;
    }
    mouths = motion::sample(smooth, seconds, rest);
  }
  if (!controls.gain.is(1) || !controls.jaw_max.is(INFINITY)) {
    const motion::Lips lips(times.model, times.identity);
    for (Eigen::Index i = 0; i < mouths.rows(); ++i) {
      const double at = times.seconds[std::size_t(i)];
      const Eigen::VectorXf mouth =
          motion::with_gain(lips, rest, mouths.row(i).transpose(), controls.gain.at(at));
      mouths.row(i) = motion::with_jaw_limit(lips, mouth, controls.jaw_max.at(at)).transpose();
    }
  }
  if (is_point_cache(controls.motion_out))
    motion::write_point_cache(controls.motion_out, times.model, times.identity, mouths);
  else if (!controls.motion_out.empty())
    motion::write_motion(controls.motion_out, {times.face_model_hash, times.rate, rest, mouths});
  return mouths;
}

std::vector<float> range_weights(const std::vector<TimeRange>& ranges, const std::vector<double>& seconds,
                                 const std::vector<std::int64_t>& shot_starts, const std::string& option) {
  if (ranges.empty()) return std::vector<float>(seconds.size(), 1.F);
  std::vector<bool> inside(seconds.size(), false);
  for (const TimeRange& range : ranges) {
    bool any = false;
    for (std::size_t i = 0; i < seconds.size(); ++i)
      if (seconds[i] >= range.start && seconds[i] < range.end) inside[i] = any = true;
    if (!any) {
      char text[96];
      std::snprintf(text, sizeof text, "no frame of the video lies in %s %g-%g", option.c_str(), range.start,
                    range.end);
      throw Error(ErrorKind::usage, text, "", "times are counted from the first frame");
    }
  }
  return usability_weights(inside, shot_starts, kEaseFrames);
}

}  // namespace resyncer::pipeline
