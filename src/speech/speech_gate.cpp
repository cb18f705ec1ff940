#include "resyncer/speech/speech_gate.h"

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

constexpr auto kBands = std::size_t(kMelBands);

// Drops rows of kMelBands from the front.
void drop_rows(int rows, std::vector<float>* from) {
  from->erase(from->begin(), from->begin() + std::ptrdiff_t(rows) * kMelBands);
}

// Low quantile of every band over rows of it.
std::vector<float> floor_of(const float* level, std::size_t rows) {
  std::vector<float> values(rows), out(kBands);
  auto rank = std::ptrdiff_t(kFloorQuantile * double(rows - 1));
  for (std::size_t b = 0; b < kBands; ++b) {
    for (std::size_t i = 0; i < rows; ++i) values[i] = level[i * kBands + b];
    std::nth_element(values.begin(), values.begin() + rank, values.end());
    out[b] = values[std::size_t(rank)];
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

void SpeechGate::push(const core::FeatureSequence& mel) {
  for (int t = 0; t < mel.frames; ++t) {
    for (int b = 0; b < kMelBands; ++b)
      power_.push_back(std::exp(std::clamp(mel.row(t)[b], kMelSilence, 10.F) * kMelScale + kMelMean));
    ++frames_;
    if (frames_ > kSmooth) add_level();
    if (level_end() > int(excess_.size()) + kFloorStep / 2 + kFloorReach) add_excess(kFloorStep);
  }
}

int SpeechGate::level_end() const { return first_level_ + int(level_.size()) / kMelBands; }

// The level of the next frame: its power averaged over 2 kSmooth + 1 frames, or those that there are.
void SpeechGate::add_level() {
  const int t = level_end(), from = std::max(0, t - kSmooth), to = std::min(frames_, t + kSmooth + 1);
  const int first_power = frames_ - int(power_.size()) / kMelBands;
  for (std::size_t b = 0; b < kBands; ++b) {
    float sum = 0;
    for (int i = from; i < to; ++i) sum += power_[std::size_t(i - first_power) * kBands + b];
    level_.push_back(std::max(std::log(sum / float(to - from)), kQuietest));
  }
  drop_rows(std::max(0, t + 1 - kSmooth) - first_power, &power_);
}

// Mean over the bands of how far each stands above its floor, of the next `count` frames, which share one.
void SpeechGate::add_excess(int count) {
  const int first = int(excess_.size()), centre = std::min(first + kFloorStep / 2, frames_ - 1);
  const int from = std::max(0, centre - kFloorReach), to = std::min(frames_, centre + kFloorReach + 1);
  std::vector<float> floor =
      floor_of(level_.data() + (from - first_level_) * kMelBands, std::size_t(to - from));
  for (int t = first; t < first + count; ++t) {
    const float* level = level_.data() + (t - first_level_) * kMelBands;
    float sum = 0;
    for (std::size_t b = 0; b < kBands; ++b) sum += std::clamp(level[b] - floor[b], 0.F, kMostExcess);
    excess_.push_back(sum / float(kMelBands));
  }
  const int next_centre = std::min(first + count + kFloorStep / 2, frames_ - 1);
  const int needed = std::max(0, next_centre - kFloorReach);
  if (needed > first_level_) drop_rows(needed - first_level_, &level_);
  first_level_ = std::max(first_level_, needed);
}

std::vector<bool> SpeechGate::finish() {
  while (level_end() < frames_) add_level();
  while (int(excess_.size()) < frames_) add_excess(std::min(kFloorStep, frames_ - int(excess_.size())));
  const int count = (frames_ + 1) / 2;
  std::vector<bool> gate(std::size_t(count), false);
  bool speaking = false;
  int begun = 0, quiet_since = 0;
  for (int i = 0; i <= count; ++i) {
    float value = 0;
    if (i < count) {
      const int first = 2 * i, second = std::min(first + 1, frames_ - 1);
      value = std::max(excess_[std::size_t(first)], excess_[std::size_t(second)]);
    }
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
  *this = SpeechGate();
  return gate;
}

std::vector<bool> SpeechEncoder::speech_gate(const core::FeatureSequence& mel) {
  SpeechGate gate;
  gate.push(mel);
  return gate.finish();
}

}  // namespace resyncer::speech
