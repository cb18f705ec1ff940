// Speech and video are seldom equally long: which frames of the source the result shows, and when.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "resyncer/core/rational.h"

namespace resyncer::pipeline {

enum class LengthMode {
  video,   // the whole video, once; the mouth rests after the speech
  cut,     // what ends first ends the result
  loop,    // as long as the speech: the video again from its start
  bounce,  // as long as the speech: the video backwards and forwards again
  freeze   // as long as the speech: the last frame stays
};

std::optional<LengthMode> length_mode(const std::string& name);  // "video" ...
const char* name_of(LengthMode mode);

struct ShownFrame {
  std::int64_t source = 0;  // index of the frame in the source
  std::int64_t pts = 0;     // when it is shown, in the source's time base
};

// When the frames of a source are shown: pts ascending; the last frame leaves the screen at `end`.
struct SourceTimes {
  std::vector<std::int64_t> pts;
  std::int64_t end = 0;
  core::Rational time_base{1, 25};
};
// The last frame is given the length of the one before, a single one that of the average rate.
SourceTimes source_times(std::vector<std::int64_t> pts, core::Rational time_base,
                         core::Rational average_rate);

// The frames of the result; in every mode but `video` those whose middle lies before the end of the speech,
// at least one. Time goes on where the source is repeated, and what runs backwards is its mirror image in
// time, so that frames keep their lengths (variable rates too). `end` becomes the time at which the last one
// leaves the screen. Throws Error{input} where a video would be repeated more than a thousand frames a
// second.
std::vector<ShownFrame> shown_frames(const SourceTimes& source, LengthMode mode, double speech_seconds,
                                     std::int64_t* end);

// Indices of the first frames of the shots in what is shown: those of the source, and where its order jumps.
std::vector<std::int64_t> shown_shots(const std::vector<ShownFrame>& shown,
                                      const std::vector<std::int64_t>& shot_starts);

}  // namespace resyncer::pipeline
