#include "resyncer/pipeline/length_mode.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "resyncer/core/error.h"

namespace resyncer::pipeline {

namespace {

constexpr std::array<const char*, 5> kNames = {"video", "cut", "loop", "bounce", "freeze"};
constexpr double kMostFrames = 1000;  // a second

// Appends the source played once, from `start` on, as far as `middle_is_wanted` says.
class Passes {
 public:
  Passes(const SourceTimes& source, double speech_seconds)
      : source_(source), wanted_(speech_seconds / source.time_base.value()), start_(source.pts.front()) {}

  // False once the speech has ended.
  bool forwards() {
    return play([&](std::size_t k) { return k; });
  }
  bool backwards() {
    return play([&](std::size_t k) { return source_.pts.size() - 1 - k; });
  }
  bool frozen() {
    const std::size_t last = source_.pts.size() - 1;
    while (add(last)) continue;
    return false;
  }
  std::vector<ShownFrame> take(std::int64_t* end) {
    *end = start_;
    return std::move(shown_);
  }

 private:
  std::int64_t length(std::size_t frame) const {
    const auto& pts = source_.pts;
    return (frame + 1 < pts.size() ? pts[frame + 1] : source_.end) - pts[frame];
  }
  bool add(std::size_t frame) {
    const std::int64_t lasts = length(frame);
    const double middle = double(start_ - source_.pts.front()) + 0.5 * double(lasts);
    if (!shown_.empty() && middle >= wanted_) return false;
    shown_.push_back({std::int64_t(frame), start_});
    start_ += lasts;
    return true;
  }
  template <typename Order>
  bool play(const Order& order) {
    for (std::size_t k = 0; k < source_.pts.size(); ++k)
      if (!add(order(k))) return false;
    return true;
  }

  const SourceTimes& source_;
  double wanted_;       // ticks of speech
  std::int64_t start_;  // of the next frame
  std::vector<ShownFrame> shown_;
};

void check_repeated(const SourceTimes& source, LengthMode mode, double speech_seconds) {
  const double seconds = double(source.end - source.pts.front()) * source.time_base.value();
  const double repeated = mode == LengthMode::freeze
                              ? double(source.end - source.pts.back()) * source.time_base.value()
                              : seconds / double(source.pts.size());
  if (speech_seconds > seconds && !(repeated * kMostFrames >= 1))
    throw core::Error(core::ErrorKind::input,
                      "the video is too short to be repeated: its frames last less than a millisecond", "",
                      std::string("leave out --length ") + name_of(mode));
}

}  // namespace

std::optional<LengthMode> length_mode(const std::string& name) {
  const auto* const found = std::find(kNames.begin(), kNames.end(), name);
  if (found == kNames.end()) return std::nullopt;
  return LengthMode(found - kNames.begin());
}

const char* name_of(LengthMode mode) { return kNames[std::size_t(mode)]; }

SourceTimes source_times(std::vector<std::int64_t> pts, core::Rational time_base,
                         core::Rational average_rate) {
  SourceTimes times;
  std::int64_t last = 0;
  if (pts.size() > 1)
    last = pts[pts.size() - 1] - pts[pts.size() - 2];
  else if (average_rate.value() > 0)
    last = std::llround(1 / (average_rate.value() * time_base.value()));
  times.end = pts.back() + std::max<std::int64_t>(1, last);
  times.pts = std::move(pts);
  times.time_base = time_base;
  return times;
}

std::vector<ShownFrame> shown_frames(const SourceTimes& source, LengthMode mode, double speech_seconds,
                                     std::int64_t* end) {
  const bool repeats = mode == LengthMode::loop || mode == LengthMode::bounce || mode == LengthMode::freeze;
  if (repeats) check_repeated(source, mode, speech_seconds);
  Passes passes(source, mode == LengthMode::video ? INFINITY : speech_seconds);
  bool goes_on = passes.forwards() && repeats;
  while (goes_on) {
    if (mode == LengthMode::freeze)
      goes_on = passes.frozen();
    else
      goes_on = (mode == LengthMode::loop || passes.backwards()) && passes.forwards();
  }
  return passes.take(end);
}

std::vector<std::int64_t> shown_shots(const std::vector<ShownFrame>& shown,
                                      const std::vector<std::int64_t>& shot_starts) {
  auto shot_of = [&](std::int64_t frame) {
    return std::upper_bound(shot_starts.begin(), shot_starts.end(), frame) - shot_starts.begin();
  };
  std::vector<std::int64_t> starts;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const std::int64_t before = i > 0 ? shown[i - 1].source : -2, now = shown[i].source;
    if (i == 0 || std::abs(now - before) > 1 || shot_of(now) != shot_of(before))
      starts.push_back(std::int64_t(i));
  }
  return starts;
}

}  // namespace resyncer::pipeline
