#include "resyncer/speech/encoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>

#include "resyncer/nets/sync_former.h"
#include "resyncer/speech/features.h"
#include "resyncer/speech/speech_gate.h"
#include "support/scratch_folder.h"

namespace resyncer::speech {
namespace {

core::FeatureSequence random_mel(int frames) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  core::FeatureSequence mel{frames, kMelBands, kMelRate, std::vector<float>(std::size_t(frames) * kMelBands)};
  for (float& v : mel.values) v = normal(random);
  return mel;
}

SpeechEncoder random_encoder() {
  support::ScratchFolder folder;
  torch::manual_seed(4);
  nets::SyncFormerConfig former;
  former.audio = 32;
  nets::save_motion_networks(folder / "weights.safetensors", nets::MotionNetworks({80, 32, 6}, former));
  return SpeechEncoder(folder / "weights.safetensors");
}

TEST(SpeechEncoder, BlockSizeDoesNotMatter) {
  SpeechEncoder encoder = random_encoder();
  for (int frames : {0, 1, 2, 7, 601}) {
    auto mel = random_mel(frames);
    auto whole = encoder.encode(mel, 100000);
    EXPECT_EQ(whole.frames, (frames + 1) / 2);
    EXPECT_EQ(whole.rate, 50);
    for (int block : {1, 3, 64, 512}) {
      if (block < 3 && frames > 100) continue;
      auto parts = encoder.encode(mel, block);
      ASSERT_EQ(parts.values.size(), whole.values.size());
      for (std::size_t i = 0; i < parts.values.size(); ++i)
        ASSERT_NEAR(parts.values[i], whole.values[i], 2e-5);
    }
  }
}

// Rows [first, first + count) of it.
core::FeatureSequence part_of(const core::FeatureSequence& mel, int first, int count) {
  return {count, mel.dims, mel.rate, {mel.row(first), mel.row(first) + std::ptrdiff_t(count) * mel.dims}};
}

// Calls `push` with pieces of 1 to `longest` frames.
template <typename Push>
void in_pieces(const core::FeatureSequence& mel, unsigned longest, Push push) {
  std::mt19937 random(longest);
  for (int at = 0; at < mel.frames;) {
    int count = std::min(mel.frames - at, int(random() % longest) + 1);
    push(part_of(mel, at, count));
    at += count;
  }
}

TEST(SpeechEncoder, AStreamGivesTheSameBits) {
  SpeechEncoder encoder = random_encoder();
  for (int frames : {0, 1, 50, 449, 1025, 4001}) {
    auto mel = random_mel(frames);
    auto whole = encoder.encode(mel);
    for (unsigned longest : {7U, 3000U}) {
      SpeechEncoder::Stream stream(encoder);
      core::FeatureSequence parts;
      in_pieces(mel, longest, [&](const core::FeatureSequence& part) { stream.push(part, &parts); });
      stream.finish(&parts);
      EXPECT_EQ(parts.frames, whole.frames) << frames;
      EXPECT_EQ(parts.dims, whole.dims);
      EXPECT_EQ(parts.rate, whole.rate);
      EXPECT_EQ(parts.values, whole.values) << frames << " frames in pieces of " << longest;
    }
  }
}

TEST(SpeechEncoder, AStreamHandsOnWhatIsCertain) {
  SpeechEncoder encoder = random_encoder();
  SpeechEncoder::Stream stream(encoder);
  core::FeatureSequence features;
  stream.push(random_mel(6000), &features);  // a minute
  EXPECT_GE(features.frames, 3000 - 512 - 300);
}

TEST(SpeechEncoder, BadFilesAreRefused) {
  EXPECT_THROW(SpeechEncoder("/nonexistent/weights.safetensors"), core::Error);
  support::ScratchFolder folder;
  auto path = folder / "weights.safetensors";
  std::ofstream(path) << "this is no weights file, whatever its name says";
  EXPECT_THROW(SpeechEncoder{path}, core::Error);
}

// --- the gate ---

core::AudioClip steady(double seconds, float level) {
  std::mt19937 random(6);
  std::normal_distribution<float> normal(0, 1);
  core::AudioClip clip;
  clip.samples.resize(std::size_t(seconds * clip.rate));
  for (float& x : clip.samples) x = level * normal(random);
  return clip;
}

// Syllables: a 120 Hz buzz with two formants, 150 ms on and 100 ms off, from `start` to `stop` seconds.
void add_syllables(core::AudioClip* clip, double start, double stop, float amplitude) {
  for (std::size_t i = std::size_t(start * 16000); i < std::size_t(stop * 16000); ++i) {
    double t = double(i) / 16000, phase = std::fmod(t - start, 0.25);
    if (phase > 0.15) continue;
    double value = 0;
    for (int h = 1; h < 50; ++h) {
      double hz = 120.0 * h;
      value += std::sin(2 * 3.14159265358979 * hz * t + h * h) *
               (1 / (1 + std::pow((hz - 600) / 200, 2)) + 0.5 / (1 + std::pow((hz - 1800) / 300, 2)) + 0.02);
    }
    clip->samples[i] += amplitude * float(value * std::sin(3.14159265358979 * phase / 0.15));
  }
}

double share(const std::vector<bool>& gate, double from, double to) {
  auto a = std::size_t(from * 50), b = std::min(gate.size(), std::size_t(to * 50));
  return double(std::count(gate.begin() + std::ptrdiff_t(a), gate.begin() + std::ptrdiff_t(b), true)) /
         double(b - a);
}

std::vector<bool> gate_of(const core::AudioClip& clip) {
  return SpeechEncoder::speech_gate(mel_spectrogram(clip));
}

TEST(SpeechGate, SilenceNoiseAndHumAreNotSpeech) {
  EXPECT_EQ(share(gate_of(steady(4, 0)), 0, 4), 0);
  for (float level : {1e-5F, 1e-3F, 0.05F, 0.5F})
    EXPECT_EQ(share(gate_of(steady(4, level)), 0, 4), 0) << level;
  core::AudioClip hum = steady(4, 1e-4F);
  for (std::size_t i = 0; i < hum.samples.size(); ++i)
    for (int h = 1; h < 6; ++h)
      hum.samples[i] += 0.1F / float(h) * float(std::sin(2 * 3.14159265358979 * 50 * h * double(i) / 16000));
  EXPECT_EQ(share(gate_of(hum), 0, 4), 0);
}

TEST(SpeechGate, FindsSpeechAtAnyLevelAndInNoise) {
  for (float amplitude : {0.01F, 0.05F, 0.3F}) {
    core::AudioClip clip = steady(6, amplitude * 0.01F);
    add_syllables(&clip, 2, 4, amplitude);
    auto gate = gate_of(clip);
    EXPECT_GT(share(gate, 2, 4), 0.98) << amplitude;
    EXPECT_EQ(share(gate, 0, 1.8), 0) << amplitude;
    EXPECT_EQ(share(gate, 4.5, 6), 0) << amplitude;
  }
}

TEST(SpeechGate, SpeechWithoutAPauseIsFound) {
  core::AudioClip clip = steady(20, 1e-4F);
  add_syllables(&clip, 0, 20, 0.1F);
  EXPECT_GT(share(gate_of(clip), 0, 20), 0.98);
}

TEST(SpeechGate, ShortPausesBelongToTheSpeech) {
  core::AudioClip clip = steady(12, 1e-4F);
  add_syllables(&clip, 0.6, 4, 0.1F);
  add_syllables(&clip, 5, 7, 0.1F);  // a second later
  add_syllables(&clip, 10, 11.5, 0.1F);
  auto gate = gate_of(clip);
  EXPECT_EQ(share(gate, 0, 7), 1);
  EXPECT_EQ(share(gate, 7.6, 9.6), 0);
  EXPECT_EQ(share(gate, 10, 12), 1);
}

TEST(SpeechGate, AClickIsNotSpeech) {
  core::AudioClip clip = steady(3, 1e-4F);
  clip.samples[24000] = 1;
  EXPECT_LT(share(gate_of(clip), 0, 3), 0.2);
}

TEST(SpeechGate, AStreamGivesTheSameGate) {
  core::AudioClip clip = steady(45, 1e-4F);
  for (double start : {0.3, 4.0, 11.0, 12.2, 30.0, 43.0}) add_syllables(&clip, start, start + 1.6, 0.1F);
  for (std::size_t i = 16000 * 20; i < clip.samples.size(); ++i) clip.samples[i] *= 4;  // another microphone
  for (int frames : {0, 1, 4, 5, 550, 551, 4500}) {
    auto mel = part_of(mel_spectrogram(clip), 0, frames);
    auto whole = SpeechEncoder::speech_gate(mel);
    EXPECT_EQ(whole.size(), std::size_t(frames + 1) / 2);
    SpeechGate gate;
    for (unsigned longest : {1U, 7U, 3000U}) {
      in_pieces(mel, longest, [&](const core::FeatureSequence& part) { gate.push(part); });
      EXPECT_EQ(gate.finish(), whole) << frames << " frames in pieces of " << longest;
    }
  }
  EXPECT_GT(share(gate_of(clip), 11, 13.8), 0.98);
  EXPECT_EQ(share(gate_of(clip), 15, 28), 0);
}

}  // namespace
}  // namespace resyncer::speech
