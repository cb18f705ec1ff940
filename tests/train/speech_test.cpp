#include "resyncer/train/speech.h"

#include <gtest/gtest.h>
#include <torch/torch.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "resyncer/core/error.h"
#include "resyncer/core/tensor_file.h"
#include "resyncer/nets/speech_encoder.h"
#include "resyncer/nets/weights.h"
#include "resyncer/speech/features.h"
#include "support/scratch_folder.h"
#include "train/speech_dataset.h"

namespace resyncer::train {
namespace {

namespace fs = std::filesystem;

// "Speech" of five classes, each a hump at its own bands, in noise; clip c is spoken by voice c.
struct Sounds {
  std::vector<std::uint16_t> mel;
  std::vector<std::uint8_t> labels;
  std::vector<std::int64_t> start{0};
  std::vector<std::int32_t> voice;
  bool labelled = true;
  std::string kind = "speech", classes = R"(["silence","a","b","c","d"])";

  explicit Sounds(int clips, int frames = 150) {
    std::mt19937 random(5);
    std::normal_distribution<float> noise(0, 0.2F);
    for (int c = 0; c < clips; ++c) {
      for (int t = 0, label = 0, left = 0; t < frames; ++t, --left) {
        if (left == 0) label = int(random() % 5), left = 6 + int(random() % 8);
        labels.push_back(std::uint8_t(label));
        for (int b = 0; b < speech::kMelBands; ++b) {
          float hump =
              label == 0 ? -2.F : -1 + 3 * std::exp(-0.01F * float((b - 16 * label) * (b - 16 * label)));
          mel.push_back(core::half_from_float(hump + noise(random)));
        }
      }
      start.push_back(std::int64_t(labels.size()));
      voice.push_back(c);
    }
  }

  void write(const fs::path& path) const {
    core::TensorFileWriter writer;
    writer.set_meta("kind", kind);
    writer.set_meta("classes", classes);
    auto rows = std::int64_t(labels.size()), count = std::int64_t(voice.size());
    writer.add("mel", core::DType::f16, {rows, speech::kMelBands}, mel.data());
    if (labelled) writer.add("labels", core::DType::u8, {rows}, labels.data());
    writer.add("mel_start", core::DType::i64, {count + 1}, start.data());
    writer.add(kind == "motion" ? "speaker" : "voice", core::DType::i32, {count}, voice.data());
    writer.write(path);
  }
};

class SpeechTraining : public ::testing::Test {
 protected:
  SpeechTraining() {
    Sounds(16).write(folder_ / "data.safetensors");
    options_.datasets = {folder_ / "data.safetensors"};
    options_.output = folder_ / "encoder.safetensors";
    options_.speech_channels = 16;
    options_.speech_blocks = 2;
    options_.batch = 8;
    options_.features = 40;
    options_.steps = 60;
    options_.warm_up = 5;
    options_.learning_rate = 1e-2;
    options_.average_decay = 0.9;
    options_.cuda = false;
  }

  std::string refusal() {
    try {
      train_speech(options_);
    } catch (const core::Error& e) {
      return e.what();
    }
    return "";
  }
  void expect_equal_weights(const fs::path& a, const fs::path& b) {
    core::TensorFile first(a), second(b);
    ASSERT_EQ(first.tensors().size(), second.tensors().size());
    for (const auto& [name, view] : first.tensors())
      EXPECT_EQ(std::memcmp(view.data, second.get(name).data, view.bytes), 0) << name;
  }

  support::ScratchFolder folder_;
  SpeechTrainOptions options_;
};

TEST_F(SpeechTraining, LearnsToNameSoundsOfVoicesNeverHeard) {
  options_.augment = false;
  SpeechTrainResult result = train_speech(options_);
  EXPECT_EQ(result.step, 60);
  EXPECT_GT(result.best.accuracy, 0.9);  // chance: 0.2
  EXPECT_GT(result.best.mean_recall, 0.85);
  EXPECT_EQ(result.best.recall.size(), 5U);
}

TEST_F(SpeechTraining, AugmentedItStillLearns) {
  std::vector<double> losses;
  options_.report_every = 20;
  options_.progress = [&](const SpeechProgress& p) { losses.push_back(p.loss); };
  SpeechTrainResult result = train_speech(options_);
  EXPECT_LT(losses.back(), 0.9 * losses.front());
  EXPECT_GT(result.best.accuracy, 0.5);
}

// As the encoder will hear it in train_motion and in a render: how loud the voice is, and its timbre, is no
// matter.
TEST_F(SpeechTraining, HearsSpeechWithoutItsLevel) {
  auto heard = [&](float louder, float brighter) {
    Sounds sounds(1);
    for (std::size_t i = 0; i < sounds.mel.size(); ++i) {
      const float band = float(i % speech::kMelBands) / speech::kMelBands;
      sounds.mel[i] = core::half_from_float(core::float_from_half(sounds.mel[i]) + louder + brighter * band);
    }
    sounds.write(options_.datasets[0]);
    const SpeechDataset data = load_speech_datasets(options_.datasets, 0);
    return speech_windows({&data.training[0]}, {0}, 40, 10).mel;
  };
  const torch::Tensor plain = heard(0, 0);
  EXPECT_LT((heard(0.6F, 0.5F) - plain).abs().max().item<float>(), 0.01F);
  EXPECT_GT((plain - plain.mean()).abs().max().item<float>(), 0.5F);
}

TEST_F(SpeechTraining, OverfitsAShortClip) {
  Sounds(1, 60).write(options_.datasets[0]);
  options_.augment = false;
  options_.dropout = 0;
  options_.held_out_every = 0;
  options_.batch = 2;
  options_.features = 30;  // the clip is the window
  options_.steps = 120;
  options_.report_every = 20;
  EXPECT_LT(train_speech(options_).loss, 0.05);
}

TEST_F(SpeechTraining, AResumedRunIsTheUninterruptedOne) {
  options_.steps = 12;
  options_.evaluate_every = 6;
  train_speech(options_);
  fs::copy_file(options_.output, folder_ / "whole.safetensors");
  fs::remove(options_.output);

  options_.checkpoint = folder_ / "checkpoint.safetensors";
  struct Interruption {};
  options_.report_every = 1;
  options_.progress = [](const SpeechProgress& p) {
    if (p.step == 8) throw Interruption();
  };
  EXPECT_THROW(train_speech(options_), Interruption);  // the checkpoint is that of step 6
  options_.progress = nullptr;
  options_.resume = true;
  EXPECT_EQ(train_speech(options_).step, 12);
  expect_equal_weights(folder_ / "whole.safetensors", options_.output);

  options_.learning_rate = 1e-3;
  EXPECT_NE(refusal().find("other settings"), std::string::npos);
}

// The file is what a motion training starts from: the same names under "speech.".
TEST_F(SpeechTraining, WeightsFitTheEncoderAlone) {
  options_.steps = 2;
  options_.curve = folder_ / "curve.csv";
  train_speech(options_);
  core::TensorFile file(options_.output);
  auto header = nets::read_weights_header(file, "speech-encoder", 1);
  nets::SpeechEncoderConfig config;
  nets::read_config(header.config, file.place(), config.fields());
  EXPECT_EQ(config.channels, 16);
  nets::SpeechEncoder encoder(config);
  EXPECT_NO_THROW(nets::load_weights(file, {{"speech.", encoder.get()}}));
  std::ifstream csv(options_.curve);
  std::string line;
  std::getline(csv, line);
  EXPECT_EQ(line, "step,seconds,loss,accuracy,mean_recall");
  EXPECT_TRUE(std::getline(csv, line));
}

TEST_F(SpeechTraining, RefusesDamagedDatasets) {
  auto with = [&](auto change) {
    Sounds sounds(4);
    change(&sounds);
    sounds.write(options_.datasets[0]);
    return refusal();
  };
  EXPECT_NE(with([](Sounds* s) { s->kind = "faces"; }).find("not a speech dataset"), std::string::npos);
  EXPECT_NE(with([](Sounds* s) { s->classes = "[1"; }).find("classes"), std::string::npos);
  EXPECT_NE(with([](Sounds* s) { s->labels[7] = 5; }).find("no class"), std::string::npos);
  EXPECT_NE(with([](Sounds* s) { s->mel[9] = 0x7E00; }).find("not finite"), std::string::npos);
  for (std::int64_t bad : {std::int64_t{-1}, std::int64_t{1} << 60})
    EXPECT_NE(with([&](Sounds* s) { s->start[2] = bad; }).find("divide"), std::string::npos);
  EXPECT_NE(with([](Sounds* s) { s->kind = "motion", s->labelled = false; }).find("without labels"),
            std::string::npos);
  EXPECT_NE(with([](Sounds* s) { s->voice = {7, 7, 7, 7}; }).find("no clip"), std::string::npos);
}

TEST_F(SpeechTraining, RefusesContradictoryOptions) {
  options_.held_out_every = 1;
  EXPECT_NE(refusal(), "");
  options_.held_out_every = 0;
  options_.resume = true;
  EXPECT_NE(refusal().find("checkpoint"), std::string::npos);
  options_.resume = false;
  for (int units : {-1, 1, 256}) {
    options_.units = units;
    EXPECT_NE(refusal().find("units"), std::string::npos) << units;
  }
  options_.units = 0;
  for (double mask : {-0.1, 0.91, double(NAN)}) {
    options_.mask = mask;
    EXPECT_NE(refusal().find("hidden"), std::string::npos) << mask;
  }
}

TEST_F(SpeechTraining, GoesOnFromAnEncoder) {
  options_.augment = false;
  train_speech(options_);
  options_.start = folder_ / "start.safetensors";
  fs::rename(options_.output, options_.start);
  options_.steps = 5;
  options_.learning_rate = 1e-5;  // the head alone is new, and hardly learns
  options_.dropout = 0;
  train_speech(options_);
  core::TensorFile before(options_.start), after(options_.output);
  const auto name = before.tensors().begin()->first;
  const auto a = before.get(name).to_floats(), b = after.get(name).to_floats();
  for (std::size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-3);

  options_.speech_channels = 32;
  EXPECT_NE(refusal().find("another size"), std::string::npos);
}

}  // namespace
}  // namespace resyncer::train
