#include "pipeline/timeline.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace resyncer::pipeline {

namespace {

constexpr int kStillRate = 25;        // frames a second of a still picture's video
constexpr double kWorthAWord = 0.15;  // s of speech without a picture

Timeline picture_timeline(const Analysis& analysis, double speech_seconds) {
  Timeline timeline;
  timeline.source_pts = analysis.pts;
  timeline.end = std::max<std::int64_t>(1, std::llround(std::ceil(speech_seconds * kStillRate)));
  timeline.time_base = {1, kStillRate};
  timeline.shot_starts = {0};
  for (std::int64_t i = 0; i < timeline.end; ++i) timeline.shown.push_back({0, i});
  return timeline;
}

void tell_of_lengths(LengthMode mode, double picture, double speech, std::vector<std::string>* notes) {
  if (speech - picture < kWorthAWord || (mode != LengthMode::video && mode != LengthMode::cut)) return;
  char text[200];
  std::snprintf(
      text, sizeof text,
      mode == LengthMode::cut
          ? "the last %.1f s of the speech are left out: the video ends before it"
          : "the last %.1f s of the speech are heard after the picture's end; --length loop, bounce or "
            "freeze goes on with the picture",
      speech - picture);
  notes->push_back(text);
}

}  // namespace

std::vector<double> Timeline::middles() const {
  std::vector<double> times;
  times.reserve(shown.size());
  const double first = double(shown.front().pts) * time_base.value();
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const double length = double((i + 1 < shown.size() ? shown[i + 1].pts : end) - shown[i].pts);
    times.push_back((double(shown[i].pts) + 0.5 * length) * time_base.value() - first);
  }
  return times;
}

std::vector<double> Timeline::starts() const {
  std::vector<double> starts;
  starts.reserve(shown.size() + 1);
  for (const ShownFrame& frame : shown) starts.push_back(double(frame.pts) * time_base.value());
  starts.push_back(double(end) * time_base.value());
  return starts;
}

Timeline make_timeline(const Analysis& analysis, const media::VideoInfo& info, LengthMode mode,
                       double speech_seconds, std::vector<std::string>* notes) {
  if (info.is_still) return picture_timeline(analysis, speech_seconds);
  const SourceTimes source = source_times(analysis.pts, analysis.time_base, info.average_rate);
  Timeline timeline;
  timeline.time_base = source.time_base;
  timeline.shown = shown_frames(source, mode, speech_seconds, &timeline.end);
  timeline.source_pts = source.pts;
  timeline.shot_starts = shown_shots(timeline.shown, analysis.tracks.shot_starts);
  tell_of_lengths(mode, timeline.seconds(), speech_seconds, notes);
  if (mode == LengthMode::video) return timeline;
  timeline.cut = timeline.end;
  const bool ends_early = mode == LengthMode::cut && timeline.shown.size() == source.pts.size();
  if (!ends_early)  // what is heard of the speech's last half frame stays
    timeline.cut = std::max<std::int64_t>(
        timeline.end, source.pts.front() + std::llround(speech_seconds / source.time_base.value()));
  return timeline;
}

}  // namespace resyncer::pipeline
