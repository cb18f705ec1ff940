#include "resyncer/speech/features.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "fft.h"
#include "resyncer/core/error.h"

namespace resyncer::speech {

namespace {
constexpr int kRate = 16000, kWindow = 400, kHop = 160;
constexpr int kBefore = kWindow / 2 - kHop / 2;  // samples of a frame's window before sample 160 i
constexpr float kPreEmphasis = 0.97F, kLimit = 8.F;
constexpr double kLowHz = 55, kHighHz = 7600;

// Slaney's scale: linear below 1 kHz, logarithmic above.
double mel_from_hz(double hz) {
  return hz < 1000 ? hz * 3 / 200 : 15 + std::log(hz / 1000) * 27 / std::log(6.4);
}
double hz_from_mel(double mel) {
  return mel < 15 ? mel * 200 / 3 : 1000 * std::exp((mel - 15) * std::log(6.4) / 27);
}

struct Band {
  int first = 0;               // FFT bin
  std::vector<float> weights;  // of bins first, first + 1, ...; they add up to 1
};

// Triangles with their corners at equal distances on the mel scale.
std::array<Band, kMelBands> make_bands() {
  std::array<Band, kMelBands> bands;
  double low = mel_from_hz(kLowHz), step = (mel_from_hz(kHighHz) - low) / (kMelBands + 1);
  for (int b = 0; b < kMelBands; ++b) {
    double left = hz_from_mel(low + b * step), peak = hz_from_mel(low + (b + 1) * step),
           right = hz_from_mel(low + (b + 2) * step);
    Band& band = bands[std::size_t(b)];
    float sum = 0;
    for (int bin = 0; bin < kBins; ++bin) {
      double hz = double(bin) * kRate / kFftSize;
      double weight = std::min((hz - left) / (peak - left), (right - hz) / (right - peak));
      if (weight <= 0) continue;
      if (band.weights.empty()) band.first = bin;
      band.weights.push_back(float(weight));
      sum += float(weight);
    }
    for (float& weight : band.weights) weight /= sum;
  }
  return bands;
}
}  // namespace

struct MelStream::Impl {
  PowerSpectrum spectrum;
  std::array<Band, kMelBands> bands = make_bands();
  std::array<float, kWindow> window{};
  std::array<Lanes, kFftSize> time{};
  std::array<Lanes, kBins> power{};

  std::vector<float> pending;  // emphasised samples from `begin` of the next frame's window on
  std::size_t received = 0;    // samples
  std::size_t frames = 0;      // handed out
  float previous = 0;

  Impl() {
    double sum = 0;
    for (int i = 0; i < kWindow; ++i) {
      double w = 0.5 - 0.5 * std::cos(2 * 3.14159265358979323846 * (i + 0.5) / kWindow);
      window[std::size_t(i)] = float(w);
      sum += w;
    }
    for (float& w : window) w *= float(2 / sum);  // a sine of amplitude 1 has power 1 at its bin
    begin();
  }

  void begin() {
    pending.assign(kBefore, 0.F);
    received = frames = 0;
    previous = 0;
  }

  // Frames from pending[0], kHop apart; `lanes` of the eight are wanted.
  void compute(std::size_t start, int lanes, core::FeatureSequence* out) {
    for (int l = 0; l < lanes; ++l) {
      const float* samples = pending.data() + start + std::size_t(l) * kHop;
      for (std::size_t i = 0; i < kWindow; ++i) time[i][std::size_t(l)] = samples[i] * window[i];
    }
    spectrum.compute(time, &power);
    std::size_t at = out->values.size();
    out->values.resize(at + std::size_t(lanes) * kMelBands);
    const float floor_power = std::exp(kMelFloor);
    for (std::size_t b = 0; b < kMelBands; ++b) {
      Lanes sum{};
      const Band& band = bands[b];
      for (std::size_t i = 0; i < band.weights.size(); ++i)
        for (std::size_t l = 0; l < kLanes; ++l)
          sum[l] += band.weights[i] * power[std::size_t(band.first) + i][l];
      for (std::size_t l = 0; l < std::size_t(lanes); ++l)
        out->values[at + l * kMelBands + b] =
            (std::log(std::max(sum[l], floor_power)) - kMelMean) / kMelScale;
    }
    out->frames += lanes;
    frames += std::size_t(lanes);
  }

  // All frames whose windows are complete.
  void drain(core::FeatureSequence* out) {
    std::size_t start = 0;
    while (pending.size() >= start + kWindow) {
      std::size_t ready = (pending.size() - start - kWindow) / kHop + 1;
      int lanes = int(std::min<std::size_t>(ready, kLanes));
      compute(start, lanes, out);
      start += std::size_t(lanes) * kHop;
    }
    pending.erase(pending.begin(), pending.begin() + std::ptrdiff_t(std::min(start, pending.size())));
  }
};

MelStream::MelStream() : impl_(std::make_unique<Impl>()) {}
MelStream::~MelStream() = default;
MelStream::MelStream(MelStream&&) noexcept = default;
MelStream& MelStream::operator=(MelStream&&) noexcept = default;

void MelStream::push(const float* samples, std::size_t count, core::FeatureSequence* out) {
  constexpr std::size_t kBlock = 1 << 14;  // so that one long call needs no more memory than many short ones
  out->dims = kMelBands;
  out->rate = kMelRate;
  Impl& s = *impl_;
  for (std::size_t done = 0; done < count; done += kBlock) {
    std::size_t block = std::min(kBlock, count - done), at = s.pending.size();
    s.pending.resize(at + block);
    for (std::size_t i = 0; i < block; ++i) {
      float x = samples[done + i];
      x = std::isfinite(x) ? std::clamp(x, -kLimit, kLimit) : 0.F;
      s.pending[at + i] = x - kPreEmphasis * s.previous;
      s.previous = x;
    }
    s.drain(out);
  }
  s.received += count;
}

void MelStream::finish(core::FeatureSequence* out) {
  out->dims = kMelBands;
  out->rate = kMelRate;
  Impl& s = *impl_;
  std::size_t missing = s.received / kHop - s.frames;
  if (missing > 0) {
    s.pending.resize((missing - 1) * kHop + kWindow, 0.F);
    s.drain(out);
  }
  s.begin();
}

namespace {
constexpr int kLevelBlock = 50,
              kLevelReach = 8;  // mel frames of a block, blocks to either side that are averaged
constexpr float kLeastLevel = -1.2F,
                kSpeechPeak = 0.7F;  // normalised; a band at its mean power comes to be at
}  // namespace

MelLevel::MelLevel(const float* mel, int frames) {
  push(mel, frames);
  finish();
}

void MelLevel::push(const float* mel, int frames) {
  constexpr auto kBands = std::size_t(kMelBands);
  for (int t = 0; t < frames; ++t, mel += kMelBands) {
    if (frames_ % kLevelBlock == 0) power_.resize(power_.size() + kBands, 0.0);
    double* power = power_.data() + power_.size() - kBands;
    for (std::size_t b = 0; b < kBands; ++b) power[b] += double(std::exp(mel[b] * kMelScale));
    ++frames_;
    if (frames_ % kLevelBlock == 0 && frames_ / kLevelBlock > kLevelReach) add_level();
  }
}

void MelLevel::finish() {
  while (level_count() * kLevelBlock < frames_) add_level();
  finished_ = true;
}

// Of the next block, from the blocks around it as far as there are any.
void MelLevel::add_level() {
  constexpr auto kBands = std::size_t(kMelBands);
  const int k = level_count(), blocks = (frames_ + kLevelBlock - 1) / kLevelBlock;
  const int from = std::max(0, k - kLevelReach), to = std::min(blocks, k + kLevelReach + 1);
  const double count = std::min(frames_, to * kLevelBlock) - from * kLevelBlock;
  for (std::size_t b = 0; b < kBands; ++b) {
    double sum = 0;
    for (int i = from; i < to; ++i) sum += power_[std::size_t(i - first_power_) * kBands + b];
    level_.push_back(std::max(float(std::log(sum / count)) / kMelScale, kLeastLevel));
  }
  const int needed = std::max(0, k + 1 - kLevelReach);
  power_.erase(power_.begin(), power_.begin() + std::ptrdiff_t(needed - first_power_) * kMelBands);
  first_power_ = needed;
}

// A level is interpolated between the middles of its block and the next.
int MelLevel::known() const {
  return finished_ ? frames_ : std::max(0, level_count() * kLevelBlock - kLevelBlock / 2);
}

void MelLevel::take_off(int frame, float* row) const {
  const int last = level_count() - 1;
  const float at = std::clamp((float(frame) + 0.5F) / kLevelBlock - 0.5F, 0.F, float(last));
  const auto low = std::size_t(at), high = std::min(low + 1, std::size_t(last));
  const float f = at - float(low), *a = level_.data() + low * kMelBands,
              *b = level_.data() + high * kMelBands;
  for (std::size_t i = 0; i < kMelBands; ++i)
    row[i] = std::max(row[i] - (a[i] + f * (b[i] - a[i])) + kSpeechPeak, kMelSilence);
}

core::FeatureSequence mel_spectrogram(const core::AudioClip& clip) {
  if (clip.rate != kRate)
    throw core::Error(core::ErrorKind::input, "speech features need " + std::to_string(kRate) + " Hz, not " +
                                                  std::to_string(clip.rate));
  core::FeatureSequence out;
  out.values.reserve(clip.samples.size() / kHop * kMelBands);
  MelStream stream;
  stream.push(clip.samples.data(), clip.samples.size(), &out);
  stream.finish(&out);
  return out;
}

}  // namespace resyncer::speech
