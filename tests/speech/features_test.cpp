#include "resyncer/speech/features.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <random>

#include "resyncer/core/error.h"

namespace resyncer::speech {
namespace {

core::AudioClip noise(double seconds, float level, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, level);
  core::AudioClip clip;
  clip.samples.resize(std::size_t(seconds * clip.rate));
  for (float& x : clip.samples) x = normal(random);
  return clip;
}

core::AudioClip tone(double hz, float amplitude, double seconds) {
  core::AudioClip clip;
  clip.samples.resize(std::size_t(seconds * clip.rate));
  for (std::size_t i = 0; i < clip.samples.size(); ++i)
    clip.samples[i] = amplitude * float(std::sin(2 * 3.14159265358979 * hz * double(i) / clip.rate));
  return clip;
}

TEST(Mel, FrameCountIsTheFloor) {
  for (std::size_t count : {0, 1, 159, 160, 161, 479, 480, 16000, 16159}) {
    core::AudioClip clip;
    clip.samples.assign(count, 0.1F);
    auto mel = mel_spectrogram(clip);
    EXPECT_EQ(mel.frames, int(count / 160)) << count;
    EXPECT_EQ(mel.values.size(), count / 160 * kMelBands);
    EXPECT_EQ(mel.dims, kMelBands);
    EXPECT_EQ(mel.rate, 100);
  }
}

TEST(Mel, BlocksGiveTheSameBits) {
  auto clip = noise(1.7, 0.1F);
  auto whole = mel_spectrogram(clip);
  std::mt19937 random(3);
  for (std::size_t most : {1, 7, 333, 5000}) {
    MelStream stream;
    core::FeatureSequence parts;
    for (std::size_t at = 0; at < clip.samples.size();) {
      std::size_t count = std::min<std::size_t>(clip.samples.size() - at, random() % most + 1);
      stream.push(clip.samples.data() + at, count, &parts);
      at += count;
    }
    stream.finish(&parts);
    EXPECT_EQ(parts.frames, whole.frames);
    EXPECT_EQ(parts.values, whole.values) << most;
    core::FeatureSequence again;  // a finished stream begins anew
    stream.push(clip.samples.data(), clip.samples.size(), &again);
    stream.finish(&again);
    EXPECT_EQ(again.values, whole.values);
  }
}

TEST(Mel, ToneStandsInItsBandAtItsLevel) {
  // A sine of amplitude a has power a^2 at the peak of its band, up to pre-emphasis and the spread over bins.
  for (double hz : {200.0, 1000.0, 4000.0}) {
    auto loud = mel_spectrogram(tone(hz, 0.5F, 0.5)), quiet = mel_spectrogram(tone(hz, 0.05F, 0.5));
    const float *a = loud.row(25), *b = quiet.row(25);
    int peak = int(std::max_element(a, a + kMelBands) - a);
    EXPECT_NEAR((a[peak] - b[peak]) * kMelScale, std::log(100.0), 0.01);
    double emphasis =
        std::norm(std::complex<double>(1, 0) - 0.97 * std::polar(1.0, -2 * 3.14159265358979 * hz / 16000));
    EXPECT_NEAR(a[peak] * kMelScale + kMelMean, std::log(0.25 * emphasis), 1.5) << hz;
    EXPECT_LT(a[(peak + 40) % kMelBands], a[peak] - 2);
  }
}

TEST(Mel, FrameIsCentredAtItsTime) {
  core::AudioClip clip;
  clip.samples.assign(16000, 0.F);
  clip.samples[160 * 40 + 80] = 1;  // a click at the centre of frame 40
  auto mel = mel_spectrogram(clip);
  int loudest = 0;
  for (int i = 0; i < mel.frames; ++i)
    if (mel.row(i)[40] > mel.row(loudest)[40]) loudest = i;
  EXPECT_EQ(loudest, 40);
  EXPECT_NEAR(mel.row(39)[40], mel.row(41)[40], 0.1);
  EXPECT_EQ(mel.row(37)[40], kMelSilence);
}

TEST(Mel, AnyLevelIsFinite) {
  auto silent = mel_spectrogram(noise(0.2, 0.F));
  for (float v : silent.values) ASSERT_EQ(v, kMelSilence);
  core::AudioClip hostile = noise(0.5, 1e30F);
  hostile.samples[100] = std::numeric_limits<float>::quiet_NaN();
  hostile.samples[200] = std::numeric_limits<float>::infinity();
  hostile.samples[300] = -std::numeric_limits<float>::max();
  hostile.samples[400] = std::numeric_limits<float>::denorm_min();
  for (float v : mel_spectrogram(hostile).values) ASSERT_TRUE(std::isfinite(v) && v < 10 && v >= kMelSilence);
  for (auto& x : hostile.samples) x = x > 0 ? 1.F : -1.F;  // clipped
  for (float v : mel_spectrogram(hostile).values) ASSERT_TRUE(std::isfinite(v));
}

TEST(Mel, OtherRatesAreRefused) {
  core::AudioClip clip;
  clip.rate = 44100;
  EXPECT_THROW(mel_spectrogram(clip), core::Error);
}

core::FeatureSequence levelled(core::FeatureSequence mel) {
  const MelLevel level(mel.values.data(), mel.frames);
  for (int t = 0; t < mel.frames; ++t) level.take_off(t, mel.values.data() + std::ptrdiff_t(t) * kMelBands);
  return mel;
}

TEST(MelLevel, LoudnessAndMicrophoneAreTakenOff) {
  // Bursts of noise, and the same 12 dB lower in all bands and 6 dB more in the upper half.
  auto loud = mel_spectrogram(noise(6, 2.F));
  for (int t = 0; t < loud.frames; ++t)
    for (int b = 0; b < kMelBands; ++b)
      if (t / 20 % 2 == 1) loud.values[std::size_t(t) * kMelBands + std::size_t(b)] -= 1;
  auto quiet = loud;
  for (std::size_t i = 0; i < quiet.values.size(); ++i)
    quiet.values[i] -= (12 - (i % kMelBands >= kMelBands / 2 ? 6 : 0)) * 0.2302585F / kMelScale;
  auto a = levelled(loud), b = levelled(quiet);
  double mean = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i) {
    EXPECT_NEAR(a.values[i], b.values[i], 1e-4);
    mean += double(a.values[i]) / double(a.values.size());
  }
  EXPECT_NEAR(mean, 0, 0.5);
}

TEST(MelLevel, SilenceStaysSilence) {
  core::AudioClip clip;
  clip.samples.assign(16000 * 20, 0.F);
  auto silence = levelled(mel_spectrogram(clip));
  // Far below what speech comes to, whether there is none at all or some earlier.
  for (float v : silence.values) EXPECT_LT(v, -0.7F);
  for (float v : levelled(mel_spectrogram(noise(10, 1e-5F))).values) EXPECT_LT(v, -0.5F);
  EXPECT_TRUE(levelled(core::FeatureSequence{0, kMelBands, kMelRate, {}}).values.empty());
}

TEST(MelLevel, DependsOnTheSecondsAroundAlone) {
  auto clip = noise(30, 0.1F, 2);
  for (std::size_t i = 0; i < clip.samples.size(); ++i)
    clip.samples[i] *= float(1 + std::sin(double(i) / 30000));
  auto whole = levelled(mel_spectrogram(clip));
  auto changed = clip;
  std::fill(changed.samples.begin(), changed.samples.begin() + 16000 * 10, 0.5F);
  std::fill(changed.samples.begin() + 16000 * 20, changed.samples.end(), -0.5F);
  auto again = levelled(mel_spectrogram(changed));
  for (int t = 1480; t < 1520; ++t)
    for (int b = 0; b < kMelBands; ++b) EXPECT_EQ(again.row(t)[b], whole.row(t)[b]) << t;
}

}  // namespace
}  // namespace resyncer::speech
