// Long speech is processed in a stream: what grows with its length is the motion, a few numbers a frame.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <iostream>

#include "memory/counted_heap.h"
#include "pipeline/mouth_plan.h"
#include "resyncer/media/audio_reader.h"
#include "resyncer/nets/sync_former.h"
#include "resyncer/speech/encoder.h"
#include "resyncer/speech/features.h"
#include "support/scratch_folder.h"

namespace resyncer {
namespace {

using testing::begin_peak;
using testing::peak_bytes;

// Noise that comes and goes, like words and pauses.
core::AudioClip babble(double seconds) {
  core::AudioClip clip;
  clip.samples.resize(std::size_t(seconds * clip.rate));
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < clip.samples.size(); ++i) {
    state = state * 1664525U + 1013904223U;
    double t = double(i) / clip.rate, loud = std::fmod(t, 7) < 4 ? std::pow(std::sin(9 * t), 2) : 0.0;
    clip.samples[i] = float(0.2 * loud * (double(state >> 8) / (1 << 23) - 1));
  }
  return clip;
}

class SpeechMemory : public ::testing::Test {
 protected:
  support::ScratchFolder folder;
  std::filesystem::path weights = folder / "motion.safetensors";

  void SetUp() override {
    torch::manual_seed(3);
    nets::SyncFormerConfig former;
    former.coefficients = 8;
    former.audio = former.width = 32;
    former.feed_forward = 48;
    nets::save_motion_networks(weights, nets::MotionNetworks({80, 32, 7}, former));
  }
};

TEST_F(SpeechMemory, GrowsByTheMotionAlone) {
  auto peak_of = [&](double seconds) {
    auto file = folder / (std::to_string(int(seconds)) + ".wav");
    media::write_wav(file, babble(seconds));
    begin_peak();
    auto track = pipeline::predict_motion(file, weights, {}, {Eigen::VectorXf::Zero(8), 0});
    EXPECT_EQ(track.expression.rows(), Eigen::Index(seconds * 25));
    return double(peak_bytes());
  };
  peak_of(20);  // what is made once
  const double brief = peak_of(60), lengthy = peak_of(240);
  std::cout << "speech to motion: " << brief / 1e6 << " MB for a minute, " << lengthy / 1e6 << " for four\n";
  // The mel alone would be 1.9 MB a minute. Motion, gate and level: about 0.2.
  EXPECT_LT(lengthy - brief, 3 * 0.4e6);
  EXPECT_LT(brief, 6e6);
}

TEST_F(SpeechMemory, AStreamGivesTheMotionOfTheWhole) {
  auto clip = babble(75);
  auto file = folder / "speech.wav";
  media::write_wav(file, clip);
  clip = media::read_audio(file);  // as 16 bits hold it
  Eigen::VectorXf rest = Eigen::VectorXf::LinSpaced(8, -0.5F, 0.5F);
  auto streamed = pipeline::predict_motion(file, weights, {}, {rest, 0}).expression;

  // Stage by stage, each over the whole speech.
  auto mel = speech::mel_spectrogram(clip);
  auto features = speech::SpeechEncoder(weights).encode(mel);
  auto gate = speech::SpeechEncoder::speech_gate(mel);
  EXPECT_NE(std::count(gate.begin(), gate.end(), true), 0);
  EXPECT_NE(std::count(gate.begin(), gate.end(), false), 0);
  auto whole = motion::StyleSyncFormer(weights).predict(features, {}, gate, rest).expression;
  EXPECT_EQ(streamed.rows(), whole.rows());
  EXPECT_EQ(streamed, whole);
}

}  // namespace
}  // namespace resyncer
