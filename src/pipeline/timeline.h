// When the frames of a result are on the screen.
#pragma once

#include <string>
#include <vector>

#include "resyncer/media/video_reader.h"
#include "resyncer/pipeline/analysis.h"
#include "resyncer/pipeline/length_mode.h"

namespace resyncer::pipeline {

struct Timeline {
  std::vector<std::int64_t> source_pts;   // of the source's frames
  std::vector<ShownFrame> shown;          // one an output frame
  std::int64_t end = 0;                   // pts at which the last one leaves the screen
  core::Rational time_base{1, 25};        // of `shown` and `end`
  std::vector<std::int64_t> shot_starts;  // indices into `shown`
  std::optional<std::int64_t> cut;        // where everything else ends too; none in LengthMode::video

  // Of every frame, s after the start of the first: the middle of its time on the screen.
  std::vector<double> middles() const;
  // When frames come on the screen, and when the last one leaves it, s on the source's clock.
  std::vector<double> starts() const;
  double seconds() const { return double(end - shown.front().pts) * time_base.value(); }
};

// A picture is shown as long as it speaks, at 25 frames a second. `speech_seconds`: of the sound that is
// heard; for a picture, of the motion. `notes` are told what is not shown or heard.
Timeline make_timeline(const Analysis& analysis, const media::VideoInfo& info, LengthMode mode,
                       double speech_seconds, std::vector<std::string>* notes);

}  // namespace resyncer::pipeline
