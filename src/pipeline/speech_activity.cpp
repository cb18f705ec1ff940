#include "pipeline/speech_activity.h"

#include <cmath>

#include "pipeline/speech_mel.h"
#include "resyncer/media/audio_reader.h"
#include "resyncer/speech/speech_gate.h"

namespace resyncer::pipeline {

namespace {

constexpr int kCountingRate = 16000;
constexpr int kGateRate = 50, kNear = 15;  // frames of the gate

}  // namespace

double sound_seconds(const std::filesystem::path& sound) {
  std::int64_t samples = 0;
  media::stream_audio(sound, kCountingRate,
                      [&](const float*, std::size_t count) { samples += std::int64_t(count); });
  return double(samples) / kCountingRate;
}

std::vector<bool> near_speech(const std::filesystem::path& speech, const std::vector<double>& seconds) {
  speech::SpeechGate gate;
  stream_mel(speech, [&](const core::FeatureSequence& mel) { gate.push(mel); });
  const std::vector<bool> speaking = gate.finish();
  const auto count = std::int64_t(speaking.size());
  std::vector<bool> near(std::size_t(count + 2 * kNear), false);  // from kNear frames before the speech on
  std::int64_t since = kNear + 1;
  auto sweep = [&](std::int64_t i) {
    const std::int64_t frame = i - kNear;
    since = frame >= 0 && frame < count && speaking[std::size_t(frame)] ? 0 : since + 1;
    if (since <= kNear) near[std::size_t(i)] = true;
  };
  for (std::int64_t i = 0; i < std::int64_t(near.size()); ++i) sweep(i);
  since = kNear + 1;
  for (std::int64_t i = std::int64_t(near.size()); i-- > 0;) sweep(i);
  std::vector<bool> at;
  at.reserve(seconds.size());
  for (double t : seconds) {
    const double row = std::floor(t * kGateRate) + kNear;
    at.push_back(row >= 0 && row < double(near.size()) && near[std::size_t(row)]);
  }
  return at;
}

}  // namespace resyncer::pipeline
