#include <algorithm>
#include <cmath>

#include "resyncer/speech/encoder.h"
#include "resyncer/speech/features.h"

namespace resyncer::speech {

namespace {
// Thresholds are mean excesses over the bands in units of ln(power): 1 = 4.3 dB.
constexpr float kOn = 1.4F, kOff = 0.7F;
constexpr float kMostExcess = 5.F;   // of one band: a single loud tone is no speech
constexpr float kQuietest = -18.5F;  // ln(power): bands below count as being at it, so dither is not speech
constexpr int kSmooth = 4;           // mel frames to either side that a band's power is averaged over
constexpr int kFloorReach = 500;     // mel frames to either side in which the floor is sought
constexpr int kFloorStep = 100;      // mel frames between estimates of the floor
constexpr double kFloorQuantile = 0.1;
constexpr int kLongestPause =
    50;  // feature frames: what the mouth does in a shorter one is the speaker's own
constexpr int kHangOver = 25, kLookAhead = 8, kShortest = 7;  // feature frames

// ln(power) of every band, its power averaged over 2 kSmooth + 1 frames.
std::vector<float> smoothed(const core::FeatureSequence& mel) {
  const auto frames = std::size_t(mel.frames), dims = std::size_t(mel.dims);
  std::vector<float> power(frames * dims), out(frames * dims);
  for (std::size_t i = 0; i < power.size(); ++i)
    power[i] = std::exp(std::clamp(mel.values[i], kMelSilence, 10.F) * kMelScale + kMelMean);
  std::vector<float> sum(dims);
  for (std::size_t t = 0; t < frames; ++t) {
    std::size_t from = t > kSmooth ? t - kSmooth : 0, to = std::min(frames, t + kSmooth + 1);
    std::fill(sum.begin(), sum.end(), 0.F);
    for (std::size_t i = from; i < to; ++i)
      for (std::size_t b = 0; b < dims; ++b) sum[b] += power[i * dims + b];
    for (std::size_t b = 0; b < dims; ++b)
      out[t * dims + b] = std::max(std::log(sum[b] / float(to - from)), kQuietest);
  }
  return out;
}

// Low quantile of every band in a window round frame `centre`.
std::vector<float> floor_at(const std::vector<float>& level, std::size_t frames, std::size_t dims,
                            std::size_t centre) {
  std::size_t from = centre > kFloorReach ? centre - kFloorReach : 0,
              to = std::min(frames, centre + kFloorReach + 1);
  std::vector<float> values(to - from), out(dims);
  auto rank = std::ptrdiff_t(kFloorQuantile * double(values.size() - 1));
  for (std::size_t b = 0; b < dims; ++b) {
    for (std::size_t i = from; i < to; ++i) values[i - from] = level[i * dims + b];
    std::nth_element(values.begin(), values.begin() + rank, values.end());
    out[b] = values[std::size_t(rank)];
  }
  return out;
}

// Mean over the bands of how far each stands above its floor, one value a mel frame.
std::vector<float> excess_of(const core::FeatureSequence& mel) {
  const auto frames = std::size_t(mel.frames), dims = std::size_t(mel.dims);
  std::vector<float> level = smoothed(mel), out(frames), floor;
  for (std::size_t t = 0; t < frames; ++t) {
    if (t % kFloorStep == 0) floor = floor_at(level, frames, dims, std::min(t + kFloorStep / 2, frames - 1));
    float sum = 0;
    for (std::size_t b = 0; b < dims; ++b)
      sum += std::clamp(level[t * dims + b] - floor[b], 0.F, kMostExcess);
    out[t] = sum / float(dims);
  }
  return out;
}
// Breaths, and the moments before the first word and after the last, belong to the speech.
void fill_pauses(std::vector<bool>* gate) {
  if (std::find(gate->begin(), gate->end(), true) == gate->end()) return;
  for (auto at = gate->begin(); at != gate->end();) {
    auto quiet = std::find(at, gate->end(), false), end = std::find(quiet, gate->end(), true);
    if (end - quiet <= kLongestPause) std::fill(quiet, end, true);
    at = end;
  }
}
}  // namespace

std::vector<bool> SpeechEncoder::speech_gate(const core::FeatureSequence& mel) {
  const int count = (mel.frames + 1) / 2;
  std::vector<bool> gate(std::size_t(count), false);
  if (count == 0) return gate;
  std::vector<float> excess = excess_of(mel);
  bool speaking = false;
  int begun = 0, quiet_since = 0;
  for (int i = 0; i <= count; ++i) {
    float value = 0;
    if (i < count)
      value = std::max(excess[std::size_t(2 * i)], excess[std::size_t(std::min(2 * i + 1, mel.frames - 1))]);
    if (!speaking && value > kOn) {
      speaking = true;
      begun = quiet_since = i;
    }
    if (!speaking) continue;
    if (value > kOff) quiet_since = i + 1;
    if (i < count && i - quiet_since < kHangOver) continue;
    speaking = false;
    if (quiet_since - begun < kShortest) continue;  // a click
    for (int j = std::max(0, begun - kLookAhead); j < std::min(count, quiet_since + kHangOver); ++j)
      gate[std::size_t(j)] = true;
  }
  fill_pauses(&gate);
  return gate;
}

}  // namespace resyncer::speech
