#include "pipeline/result_mouths.h"

#include <cmath>
#include <limits>

#include "resyncer/eval/mouth_metrics.h"

namespace resyncer::pipeline {

namespace {

constexpr int kMaxLag = 3;  // frames
constexpr float kNone = std::numeric_limits<float>::quiet_NaN();

// Before smoothing, which would round off the lips' closures.
const core::FaceObservation* seen(const Footage& footage, std::int64_t frame) {
  return footage.shows_face(frame) ? footage.face.raw(footage.analysis, frame) : nullptr;
}

float opening(const core::FaceObservation* face) {
  return face != nullptr ? core::mouth_openness(face->landmarks) : kNone;
}

void measure_silence(const std::vector<float>& openings, const std::vector<bool>& silent, Report* report) {
  const eval::MouthLeak leak = eval::mouth_leak(openings, silent);
  if (leak.frames == 0) {
    report->notes.emplace_back("The speech has no pause of a second or more, so nothing is said of silence.");
    return;
  }
  report->figures["mouth_leak"] = leak.open_share;
  report->figures["silence_opening"] = leak.mean_opening;
}

double mean(const std::vector<float>& values) {
  double sum = 0, count = 0;
  for (float v : values)
    if (std::isfinite(v)) sum += double(v), count += 1;
  return count > 0 ? sum / count : double(kNone);
}

}  // namespace

void measure_mouths(const ResultFootage& footage, Report* report) {
  std::vector<float> mine, theirs, distance, weight;
  for (std::int64_t i = 0; i < footage.result.analysis.frame_count(); ++i) {
    const core::FaceObservation* face = seen(footage.result, i);
    mine.push_back(opening(face));
    if (!footage.real) continue;
    const core::FaceObservation* real = seen(*footage.real, footage.real_frame[std::size_t(i)]);
    theirs.push_back(opening(real));
    // A mouth that shuts in silence would pass for one that follows the words.
    weight.push_back(real != nullptr && !footage.silent[std::size_t(i)] ? 1.F : 0.F);
    distance.push_back(face != nullptr && real != nullptr
                           ? float(eval::lip_distance(face->landmarks, real->landmarks))
                           : kNone);
  }
  measure_silence(mine, footage.silent, report);
  report->series.push_back({"lip_opening", mine});
  if (!footage.real) return;
  const double real_deviation = eval::deviation(theirs, weight);
  if (real_deviation > 0) {
    const eval::LagCorrelation best = eval::best_lag_correlation(mine, theirs, weight, kMaxLag);
    report->figures["lip_correlation"] = best.value;
    report->figures["lip_lag"] = best.lag;
    report->figures["lip_amplitude_ratio"] = eval::deviation(mine, weight) / real_deviation;
  }
  const double lmd = mean(distance);
  if (std::isfinite(lmd)) report->figures["lmd"] = lmd;
  report->series.push_back({"real_lip_opening", std::move(theirs)});
  report->series.push_back({"lip_distance", std::move(distance)});
}

}  // namespace resyncer::pipeline
