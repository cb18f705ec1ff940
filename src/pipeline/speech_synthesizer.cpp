#include <espeak-ng/speak_lib.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cmath>
#include <cstring>
#include <numeric>

#include "articulation.h"
#include "resyncer/core/error.h"
#include "resyncer/pipeline/prepare_speech.h"

namespace resyncer::pipeline {

namespace {

using core::Error;
using core::ErrorKind;

constexpr int kOutputRate = 16000;
constexpr int kLabelRate = 100;
constexpr int kMaxSeconds = 60;  // of an utterance; the synthesis is stopped there

// What espeak-ng has said so far.
struct Recording {
  int rate = 0;
  std::vector<short> samples;
  struct Event {
    std::size_t sample;
    std::string ipa;
  };
  std::vector<Event> phonemes;
};

// Called by espeak-ng with pieces of sound and the events in them; 1 stops it.
int receive(short* samples, int count, espeak_EVENT* events) {
  auto* recording = static_cast<Recording*>(events->user_data);
  if (recording == nullptr) return 1;
  for (; events->type != espeakEVENT_LIST_TERMINATED; ++events) {
    if (events->type != espeakEVENT_PHONEME) continue;
    const char* name = events->id.string;
    recording->phonemes.push_back({std::size_t(std::max(events->sample, 0)),
                                   std::string(name, strnlen(name, sizeof(events->id.string)))});
  }
  if (samples != nullptr && count > 0)
    recording->samples.insert(recording->samples.end(), samples, samples + count);
  return recording->samples.size() > std::size_t(kMaxSeconds) * std::size_t(recording->rate) ? 1 : 0;
}

// Windowed-sinc resampling by the ratio of two integers, to [-1, 1]. Sample i stands for time i / rate.
std::vector<float> resample(const std::vector<short>& in, int from, int to) {
  constexpr int kZeros = 24;  // zero crossings of the sinc on either side
  constexpr double kPi = 3.14159265358979;
  const int common = std::gcd(from, to), up = to / common, down = from / common;
  const double cutoff = 0.96 * std::min(1.0, double(to) / from);  // of the input's Nyquist frequency
  const int half = int(std::ceil(kZeros / cutoff)), taps = 2 * half;
  std::vector<float> kernel(std::size_t(up) * std::size_t(taps));
  for (int phase = 0; phase < up; ++phase)
    for (int k = 0; k < taps; ++k) {
      double x = double(k - half + 1) - double(phase) / up, t = kPi * cutoff * x;
      double window = 0.5 + 0.5 * std::cos(kPi * std::clamp(x / half, -1., 1.));
      double sinc = std::abs(t) < 1e-9 ? 1 : std::sin(t) / t;
      kernel[std::size_t(phase) * std::size_t(taps) + std::size_t(k)] = float(cutoff * sinc * window / 32768);
    }
  std::vector<float> padded(in.size() + 2 * std::size_t(taps), 0.F);
  std::copy(in.begin(), in.end(), padded.begin() + taps);
  std::vector<float> out(in.size() * std::size_t(up) / std::size_t(down));
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::size_t place = i * std::size_t(down), phase = place % std::size_t(up);
    const float* x = padded.data() + place / std::size_t(up) + std::size_t(taps - half + 1);
    const float* h = kernel.data() + phase * std::size_t(taps);
    float sum = 0;
    for (int k = 0; k < taps; ++k) sum += x[k] * h[k];
    out[i] = std::clamp(sum, -1.F, 1.F);
  }
  return out;
}

// Root mean square of every 10 ms is below a hundredth of the loudest: closures, pauses.
std::vector<bool> quiet_frames(const Recording& r, std::size_t frames) {
  std::vector<double> power(frames, 0);
  for (std::size_t i = 0; i < frames; ++i) {
    std::size_t begin = i * std::size_t(r.rate) / kLabelRate,
                end = (i + 1) * std::size_t(r.rate) / kLabelRate;
    for (std::size_t k = begin; k < std::min(end, r.samples.size()); ++k)
      power[i] += double(r.samples[k]) * double(r.samples[k]);
  }
  double limit = frames == 0 ? 0 : 1e-4 * *std::max_element(power.begin(), power.end());
  std::vector<bool> quiet(frames);
  for (std::size_t i = 0; i < frames; ++i) quiet[i] = power[i] <= limit;
  return quiet;
}

class Labeller {
 public:
  Labeller(const Recording& recording, std::size_t frames)
      : recording_(recording), quiet_(quiet_frames(recording, frames)), labels_(frames, kSilence) {}

  std::vector<std::uint8_t> run() {
    const auto& phonemes = recording_.phonemes;
    for (std::size_t p = 0; p < phonemes.size(); ++p) fill(p);
    mark_pauses();
    for (std::size_t p = 0; p < phonemes.size(); ++p)
      if (begins_with_stop(phonemes[p].ipa)) close_before(p);
    return std::move(labels_);
  }

 private:
  // First frame whose centre lies at or after the start of a phoneme.
  std::size_t first_frame(std::size_t phoneme) const {
    if (phoneme >= recording_.phonemes.size()) return labels_.size();
    double frame = double(recording_.phonemes[phoneme].sample) * kLabelRate / recording_.rate - 0.5;
    return std::min(labels_.size(), std::size_t(std::max(0., std::ceil(frame))));
  }

  // The classes of a phoneme share its time evenly. A sound without a sign is the beginning of the next
  // phoneme.
  void fill(std::size_t phoneme) {
    auto classes = articulations(recording_.phonemes[phoneme].ipa);
    bool unsaid = classes.empty();
    for (std::size_t next = phoneme + 1; classes.empty() && next < recording_.phonemes.size(); ++next)
      classes = articulations(recording_.phonemes[next].ipa);
    if (classes.empty()) return;
    std::size_t begin = first_frame(phoneme), end = first_frame(phoneme + 1);
    for (std::size_t i = begin; i < end; ++i) {
      if (unsaid)
        labels_[i] = quiet_[i] ? kSilence : classes[0];
      else
        labels_[i] = classes[(i - begin) * classes.size() / (end - begin)];
    }
  }

  // Long quiet stretches are silence, whatever phoneme's time they fall in.
  void mark_pauses() {
    constexpr std::size_t kPause = 8;  // frames
    for (std::size_t i = 0; i < quiet_.size();) {
      std::size_t end = i;
      while (end < quiet_.size() && quiet_[end]) ++end;
      if (end - i >= kPause) std::fill(labels_.begin() + long(i), labels_.begin() + long(end), kSilence);
      i = end + 1;
    }
  }

  // espeak-ng's time of a stop is that of its burst; the closure is the quiet before it.
  void close_before(std::size_t phoneme) {
    constexpr std::size_t kClosure = 9;  // frames at most
    std::size_t begin = first_frame(phoneme);
    auto classes = articulations(recording_.phonemes[phoneme].ipa);
    for (std::size_t k = 1; k <= kClosure && k <= begin && quiet_[begin - k]; ++k)
      labels_[begin - k] = classes[0];
  }

  const Recording& recording_;
  std::vector<bool> quiet_;
  std::vector<std::uint8_t> labels_;
};

std::atomic_flag& in_use() {
  static std::atomic_flag flag = ATOMIC_FLAG_INIT;
  return flag;
}

}  // namespace

struct SpeechSynthesizer::Impl {
  int rate = 0;
};

SpeechSynthesizer::SpeechSynthesizer() : impl_(std::make_unique<Impl>()) {
  bool taken = in_use().test_and_set();
  assert(!taken);
  (void)taken;
  // Once in a process and for good: version 1.51 hangs in a second espeak_Terminate.
  static const int rate = espeak_Initialize(
      AUDIO_OUTPUT_SYNCHRONOUS, 0, nullptr,
      espeakINITIALIZE_PHONEME_EVENTS | espeakINITIALIZE_PHONEME_IPA | espeakINITIALIZE_DONT_EXIT);
  if (rate <= 0) {
    in_use().clear();
    throw Error(ErrorKind::internal, "espeak-ng cannot start", "", "install the package espeak-ng-data");
  }
  impl_->rate = rate;
  espeak_SetSynthCallback(receive);
}

SpeechSynthesizer::~SpeechSynthesizer() { in_use().clear(); }

LabelledSpeech SpeechSynthesizer::speak(const Utterance& u) {
  std::string voice = u.variant.empty() ? u.language : u.language + "+" + u.variant;
  if (espeak_SetVoiceByName(voice.c_str()) != EE_OK)
    throw Error(ErrorKind::usage, "espeak-ng has no voice '" + voice + "'", "", "see espeak-ng --voices");
  espeak_SetParameter(espeakPITCH, u.pitch, 0);
  espeak_SetParameter(espeakRANGE, u.range, 0);
  espeak_SetParameter(espeakRATE, std::clamp(u.rate, espeakRATE_MINIMUM, espeakRATE_MAXIMUM), 0);
  Recording recording;
  recording.rate = impl_->rate;
  if (espeak_Synth(u.text.c_str(), u.text.size() + 1, 0, POS_CHARACTER, 0,
                   espeakCHARS_UTF8 | espeakPHONEMES | espeakENDPAUSE, nullptr, &recording) != EE_OK)
    throw Error(ErrorKind::internal, "espeak-ng failed to speak '" + u.text + "'", "voice " + voice);
  LabelledSpeech out;
  out.audio.rate = kOutputRate;
  out.audio.samples = resample(recording.samples, recording.rate, kOutputRate);
  for (const auto& event : recording.phonemes)
    out.phonemes.push_back({double(event.sample) / recording.rate, event.ipa});
  out.labels = Labeller(recording, out.audio.samples.size() * kLabelRate / kOutputRate).run();
  return out;
}

}  // namespace resyncer::pipeline
