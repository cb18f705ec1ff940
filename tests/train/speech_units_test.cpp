#include "train/speech_units.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>
#include <random>
#include <set>

#include "resyncer/core/error.h"
#include "resyncer/core/tensor_file.h"
#include "resyncer/speech/features.h"
#include "resyncer/train/speech.h"
#include "support/scratch_folder.h"

namespace resyncer::train {
namespace {

constexpr int kKinds = 5, kHold = 12, kContext = 4;

// Sound of five kinds, one after the other for 120 ms each, so that what is hidden can be told from what lies
// around it; kind 0 is the quietest. As `prepare motion` writes it: without labels, its speakers the voices.
void write_cycles(const std::filesystem::path& path, int clips, int frames) {
  std::mt19937 random(3);
  std::normal_distribution<float> noise(0, 0.1F);
  std::vector<std::uint16_t> mel;
  std::vector<std::int64_t> start{0};
  std::vector<std::int32_t> speaker;
  for (int c = 0; c < clips; ++c) {
    for (int t = 0; t < frames; ++t)
      for (int b = 0; b < speech::kMelBands; ++b) {
        const int kind = (t / kHold + c) % kKinds, from = b - 16 * kind;
        const float hump = kind == 0 ? -2.F : -1 + 3 * std::exp(-0.01F * float(from * from));
        mel.push_back(core::half_from_float(hump + noise(random)));
      }
    start.push_back(start.back() + frames);
    speaker.push_back(c);
  }
  core::TensorFileWriter writer;
  writer.set_meta("kind", "motion");
  writer.add("mel", core::DType::f16, {start.back(), speech::kMelBands}, mel.data());
  writer.add("mel_start", core::DType::i64, {clips + 1}, start.data());
  writer.add("speaker", core::DType::i32, {clips}, speaker.data());
  writer.write(path);
}

class SpeechUnits : public ::testing::Test {
 protected:
  SpeechDataset load(const std::string& part, int units, std::uint64_t seed = 1) {
    write_cycles(folder_ / "cycles.safetensors", 8, 180);
    return load_speech_datasets({(folder_ / "cycles.safetensors").string() + part}, 0, {units, seed});
  }
  support::ScratchFolder folder_;
};

// More units than kinds, as there are sounds between two kinds.
TEST_F(SpeechUnits, TellKindsOfSoundApart) {
  const SpeechDataset data = load("", 16);
  ASSERT_EQ(data.classes.size(), 16U);
  ASSERT_EQ(data.training.size(), 8U);
  std::map<int, std::set<int>> kinds_of;  // of a unit, away from where one kind becomes the next
  for (std::size_t c = 0; c < 8; ++c)
    for (int t = 5; t < 175; ++t)
      if (t % kHold > 4 && t % kHold < kHold - 5)
        kinds_of[data.training[c].labels[t]].insert((t / kHold + int(c)) % kKinds);
  EXPECT_GE(kinds_of.size(), std::size_t(kKinds));
  for (const auto& [unit, kinds] : kinds_of) EXPECT_EQ(kinds.size(), 1U) << unit;
  EXPECT_EQ(*kinds_of.begin()->second.begin(), 0);  // the quietest
}

TEST_F(SpeechUnits, ASeedAlwaysFindsTheSame) {
  const SpeechDataset a = load("", 7, 4), b = load("", 7, 4);
  EXPECT_EQ(a.units, b.units);
}

TEST_F(SpeechUnits, AreFoundInPartsOfFiles) {
  EXPECT_EQ(load("@-0/4", 3).training.size(), 6U);
  EXPECT_EQ(load("@1/4", 3).training.size(), 2U);
  EXPECT_THROW(load("@4/4", 3), core::Error);
}

TEST_F(SpeechUnits, SpeechShorterThanTheUnitsIsRefused) {
  write_cycles(folder_ / "short.safetensors", 1, 6);
  EXPECT_NO_THROW(load_speech_datasets({folder_ / "short.safetensors"}, 0, {6}));
  EXPECT_THROW(load_speech_datasets({folder_ / "short.safetensors"}, 0, {7}), core::Error);
}

// Windows of 2 x 60 frames over a clip of 180: from before its start, from within, to beyond its end.
class HiddenStretches : public SpeechUnits {
 protected:
  HiddenStretches() : data_(load("@0/8", kKinds)) {}
  SpeechBatch windows() const {
    const SpeechClip* clip = &data_.training[0];
    return speech_windows({clip, clip, clip}, {-50, 30, 130}, 60, kContext);
  }
  SpeechDataset data_;
};

TEST_F(HiddenStretches, LieWithinTheClipAndAloneAreAskedFor) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    std::mt19937_64 random(seed);
    SpeechBatch seen = windows(), hidden = windows();
    hide_stretches(0.4, kContext, &random, &hidden);
    for (int i = 0; i < 3; ++i) {
      const auto [begin, end] = hidden.spoken[std::size_t(i)];
      int count = 0;
      for (int k = 0; k < 120; ++k) {
        const auto label = hidden.labels[i][k].item<std::int64_t>();
        const torch::Tensor row = hidden.mel[i][kContext + k];
        if (label == kNotAsked) {
          ASSERT_TRUE(row.equal(seen.mel[i][kContext + k]));
          continue;
        }
        ++count;
        ASSERT_TRUE(k >= begin && k < end) << k;
        ASSERT_EQ(label, seen.labels[i][k].item<std::int64_t>());
        ASSERT_EQ(row.abs().max().item<float>(), 0);
      }
      EXPECT_GE(count, 0.4 * double(end - begin));
      EXPECT_LT(count, 0.4 * double(end - begin) + 20);
    }
    for (std::int64_t k : {0, 1, 2, 3, 124, 125, 126, 127})  // what lies around a window is heard
      ASSERT_TRUE(hidden.mel.select(1, k).equal(seen.mel.select(1, k)));
  }
}

TEST_F(HiddenStretches, ASeedAlwaysHidesTheSame) {
  SpeechBatch a = windows(), b = windows(), c = windows();
  std::mt19937_64 one(7), same(7), other(8);
  hide_stretches(0.5, kContext, &one, &a);
  hide_stretches(0.5, kContext, &same, &b);
  hide_stretches(0.5, kContext, &other, &c);
  EXPECT_TRUE(a.mel.equal(b.mel) && a.labels.equal(b.labels));
  EXPECT_FALSE(a.labels.equal(c.labels));
}

TEST_F(SpeechUnits, WhatIsHiddenIsLearnedFromWhatLiesAround) {
  write_cycles(folder_ / "cycles.safetensors", 16, 180);
  SpeechTrainOptions options;
  options.datasets = {folder_ / "cycles.safetensors"};
  options.output = folder_ / "encoder.safetensors";
  options.units = kKinds;
  options.mask = 0.4;
  options.augment = false;
  options.speech_channels = 24;
  options.speech_blocks = 5;
  options.batch = 8;
  options.features = 60;
  options.steps = 150;
  options.warm_up = 5;
  options.learning_rate = 1e-2;
  options.average_decay = 0.9;
  options.dropout = 0;
  options.cuda = false;
  const SpeechTrainResult result = train_speech(options);
  EXPECT_GT(result.best.accuracy, 0.6);  // chance: 0.2; voices never heard
  EXPECT_NEAR(std::accumulate(result.share.begin(), result.share.end(), 0.0), 1, 1e-9);
}

}  // namespace
}  // namespace resyncer::train
