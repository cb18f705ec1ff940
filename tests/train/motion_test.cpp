#include "resyncer/train/motion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iostream>
#include <iterator>

#include "resyncer/core/tensor_file.h"
#include "resyncer/motion/sync_former.h"
#include "resyncer/nets/sync_former.h"
#include "resyncer/speech/encoder.h"
#include "support/scratch_folder.h"
#include "train/motion_synthetic.h"

namespace resyncer::train {
namespace {

using testing::HasSubstr;

class MotionTraining : public testing::Test {
 protected:
  support::ScratchFolder folder;
  mesh::FaceModel face = synthetic::face_model();
  MotionTrainOptions options;

  void SetUp() override {
    options.datasets = {folder / "train.safetensors"};
    options.output = folder / "motion.safetensors";
    options.frames = 24;
    options.batch = 8;
    options.speech_channels = options.width = 24;
    options.speech_blocks = 2;
    options.feed_forward = 48;
    options.history = 8;
    options.reach = 4;
    options.cuda = false;
  }
};

std::vector<char> bytes_of(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST_F(MotionTraining, OverfitsOneClip) {
  synthetic::write_dataset(options.datasets[0], 1, 24, 1);
  options.steps = 120;
  options.batch = 4;
  options.report_every = 10;
  options.augment = false;
  options.dropout = options.history_noise = options.history_drop = options.weight_decay = 0;
  options.learning_rate = 3e-3;
  options.warm_up = 10;
  std::vector<double> losses;
  options.progress = [&](const MotionProgress& p) { losses.push_back(p.loss); };
  train_motion(options, face);
  ASSERT_EQ(losses.size(), 12U);
  EXPECT_LT(losses.back(), losses.front() / 10) << losses.front();
}

TEST_F(MotionTraining, FollowsSpeakersNeverHeard) {
  synthetic::write_dataset(options.datasets[0], 24, 75, 1);
  options.held_out = {folder / "held_out.safetensors", folder / "more.safetensors"};
  synthetic::write_dataset(options.held_out[0], 4, 75, 2);
  synthetic::write_dataset(options.held_out[1], 2, 60, 3);
  options.curve = folder / "curve.csv";
  options.steps = options.evaluate_every = 120;
  options.warm_up = 10;
  options.learning_rate = 3e-3;
  options.average_decay = 0.97;
  auto result = train_motion(options, face);
  EXPECT_GT(result.held_out, 0.8);
  EXPECT_EQ(result.last.per_clip.size(), 6U);
  EXPECT_EQ(result.last.clips[0], "first");
  EXPECT_GT(result.last.per_file[1], 0.7);
  ASSERT_EQ(result.last.amplitude.size(), 6U);
  for (double a : result.last.amplitude) EXPECT_NEAR(a, 1, 0.5);
  // What was written is what was measured.
  EXPECT_EQ(measure_motion(options.output, options.held_out, face).mean, result.held_out);
  std::ifstream csv(options.curve);
  std::string line;
  int lines = 0;
  while (std::getline(csv, line)) ++lines;
  EXPECT_EQ(lines, 1 + 3);
  for (const auto& item : std::filesystem::directory_iterator(folder.path()))
    EXPECT_EQ(item.path().filename().string().find("candidate"), std::string::npos);

  // A roll-out of two minutes neither drifts nor blows up: its last half is like its first.
  speech::SpeechEncoder encoder(options.output);
  motion::StyleSyncFormer former(options.output);
  synthetic::write_dataset(folder / "long.safetensors", 1, 3000, 5);
  auto mel = core::TensorFile(folder / "long.safetensors").get("mel").to_floats();
  core::FeatureSequence sound{12000, speech::kMelBands, speech::kMelRate, std::move(mel)};
  auto track = former.predict(encoder.encode(sound), {}, {}, Eigen::VectorXf::Zero(4)).expression;
  ASSERT_EQ(track.rows(), 3000);
  Eigen::RowVectorXf early = track.topRows(1500).colwise().mean(),
                     late = track.bottomRows(1500).colwise().mean();
  EXPECT_LT((early - late).cwiseAbs().maxCoeff(), 0.15F);
  EXPECT_LT(track.cwiseAbs().maxCoeff(), 6);
}

TEST_F(MotionTraining, ResumedEqualsUninterrupted) {
  synthetic::write_dataset(options.datasets[0], 6, 40, 1);
  options.held_out = {folder / "held_out.safetensors"};
  synthetic::write_dataset(options.held_out[0], 2, 50, 2);
  options.checkpoint = folder / "whole.checkpoint";
  options.steps = 12;
  options.evaluate_every = 6;
  auto whole = train_motion(options, face);
  auto weights = bytes_of(options.output);

  options.checkpoint = folder / "parts.checkpoint";
  options.output = folder / "parts.safetensors";
  options.stop_at = 6;
  EXPECT_EQ(train_motion(options, face).step, 6);
  options.stop_at = 0;
  options.resume = true;
  auto parts = train_motion(options, face);
  EXPECT_EQ(parts.step, 12);
  EXPECT_EQ(parts.loss, whole.loss);
  EXPECT_EQ(parts.held_out, whole.held_out);
  EXPECT_TRUE(bytes_of(options.output) == weights);
  core::TensorFile a(folder / "whole.checkpoint"), b(folder / "parts.checkpoint");
  ASSERT_EQ(a.tensors().size(), b.tensors().size());
  for (const auto& [name, view] : a.tensors()) {
    if (name == "figure.seconds") continue;
    EXPECT_EQ(std::vector<std::byte>(view.data, view.data + view.bytes),
              std::vector<std::byte>(b.get(name).data, b.get(name).data + b.get(name).bytes))
        << name;
  }
  // Other settings are another training.
  options.learning_rate *= 2;
  EXPECT_THROW(train_motion(options, face), core::Error);
  options.learning_rate /= 2;
  std::filesystem::resize_file(options.checkpoint, 1000);
  EXPECT_THROW(train_motion(options, face), core::Error);
}

// An encoder with weights at random, as train_speech would write it.
nets::SpeechEncoder save_encoder(const std::filesystem::path& path, std::int64_t channels,
                                 std::int64_t blocks) {
  nets::SpeechEncoderConfig config{speech::kMelBands, channels, blocks};
  nets::SpeechEncoder encoder(config);
  nets::save_weights(path, {"speech-encoder", 1, nets::write_config(config.fields())},
                     {{"speech.", encoder.ptr().get()}});
  return encoder;
}

// Whether the encoder that was trained is the one given, but for the precision that weights are kept with.
bool same_encoder(const std::filesystem::path& weights, const nets::SpeechEncoder& given) {
  const auto a = nets::load_motion_networks(weights).speech->parameters(), b = given->parameters();
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(),
      [](const torch::Tensor& x, const torch::Tensor& y) { return torch::allclose(x, y, 1e-2, 1e-3); });
}

TEST_F(MotionTraining, BeginsFromAPreTrainedEncoder) {
  synthetic::write_dataset(options.datasets[0], 2, 30, 1);
  options.speech_start = folder / "encoder.safetensors";
  options.steps = 1;
  options.learning_rate = 0;
  auto encoder = save_encoder(options.speech_start, options.speech_channels, options.speech_blocks);
  train_motion(options, face);
  EXPECT_TRUE(same_encoder(options.output, encoder));
  save_encoder(options.speech_start, options.speech_channels + 8, options.speech_blocks);
  EXPECT_THROW(train_motion(options, face), core::Error);
}

TEST_F(MotionTraining, AFrozenEncoderStaysWhatItWas) {
  synthetic::write_dataset(options.datasets[0], 2, 30, 1);
  options.steps = 6;
  options.warm_up = 1;
  options.learning_rate = 2e-2;
  options.freeze_encoder = true;
  EXPECT_THROW(train_motion(options, face), core::Error);  // it would be one at random
  options.speech_start = folder / "encoder.safetensors";
  auto encoder = save_encoder(options.speech_start, options.speech_channels, options.speech_blocks);
  options.checkpoint = folder / "training.checkpoint";
  options.stop_at = 3;
  train_motion(options, face);
  const auto early = nets::load_motion_networks(options.output).former->mesh_out->weight;
  options.stop_at = 0;
  options.resume = true;
  train_motion(options, face);
  EXPECT_TRUE(same_encoder(options.output, encoder));
  EXPECT_FALSE(torch::allclose(nets::load_motion_networks(options.output).former->mesh_out->weight, early));
  options.freeze_encoder = false;
  options.resume = false;
  train_motion(options, face);
  EXPECT_FALSE(same_encoder(options.output, encoder));
}

TEST_F(MotionTraining, BadDatasetsAreRefused) {
  auto fault = [&]() -> std::string {
    try {
      train_motion(options, face);
    } catch (const core::Error& e) {
      EXPECT_EQ(e.kind(), core::ErrorKind::input);
      return e.what();
    }
    return "";
  };
  EXPECT_THAT(fault(), HasSubstr("train.safetensors"));
  synthetic::write_dataset(options.datasets[0], 2, 30, 1);
  face.speech_count = 5;
  EXPECT_THAT(fault(), HasSubstr("4 coefficients a mesh where the face model has 5"));
  face.speech_count = 4;

  auto rewritten = [&](const std::string& name, const std::function<void(core::TensorFileWriter*)>& instead) {
    synthetic::write_dataset(folder / "good.safetensors", 2, 30, 1);
    core::TensorFile file(folder / "good.safetensors");
    core::TensorFileWriter writer;
    for (const auto& [key, value] : file.metadata()) writer.set_meta(key, value);
    for (const auto& [key, view] : file.tensors())
      if (key != name) writer.add(key, view.type, view.shape, view.data);
    if (instead) instead(&writer);
    writer.write(options.datasets[0]);
    return fault();
  };
  EXPECT_THAT(rewritten("mel", nullptr), HasSubstr("mel"));
  EXPECT_THAT(rewritten("confidence",
                        [](auto* w) {
                          w->add("confidence", {3}, {1, 1, 1});
                        }),
              HasSubstr("confidence"));
  EXPECT_THAT(
      rewritten("openness", [](auto* w) { w->add("openness", {60}, std::vector<float>(60, std::nanf(""))); }),
      HasSubstr("not finite"));
  for (std::vector<std::int64_t> starts :
       {std::vector<std::int64_t>{0, 90, 60}, {0, 30}, {0, -5, 60}, {5, 30, 60}})
    EXPECT_THAT(rewritten("motion_start",
                          [&](auto* w) {
                            w->add("motion_start", core::DType::i64, {std::int64_t(starts.size())},
                                   starts.data());
                          }),
                HasSubstr("motion_start"));
  EXPECT_THAT(rewritten("speaker",
                        [](auto* w) {
                          std::int32_t one = 1;
                          w->add("speaker", core::DType::i32, {1}, &one);
                        }),
              HasSubstr("different numbers of clips"));
}

TEST_F(MotionTraining, AFileMayBeUsedInParts) {
  synthetic::write_dataset(options.datasets[0], 6, 40, 1);
  options.steps = 1;
  train_motion(options, face);
  const auto file = options.datasets[0].string();
  auto clips = [&](const std::string& part) {
    return measure_motion(options.output, {file + part}, face).clips;
  };
  EXPECT_EQ(clips("").size(), 6U);
  EXPECT_EQ(clips("@0/2").size(), 3U);
  EXPECT_EQ(clips("@0/2")[0], "first");
  EXPECT_EQ(clips("@4/5"), std::vector<std::string>{"clip 4"});
  EXPECT_EQ(clips("@-4/5").size(), 5U);
  EXPECT_EQ(clips("@-0/2")[0], "clip 1");
  EXPECT_THROW(clips("@3/3"), core::Error);
  EXPECT_THROW(clips("@1"), core::Error);  // then it is the name of a file
}

TEST_F(MotionTraining, ContradictoryOptionsAreRefused) {
  synthetic::write_dataset(options.datasets[0], 1, 30, 1);
  auto refused = [&](const std::function<void(MotionTrainOptions*)>& change) {
    MotionTrainOptions saved = options;
    change(&options);
    EXPECT_THROW(train_motion(options, face), core::Error);
    options = saved;
  };
  refused([](auto* o) { o->datasets.clear(); });
  refused([](auto* o) { o->output.clear(); });
  refused([](auto* o) { o->resume = true; });
  refused([](auto* o) { o->heads = 5; });
  refused([](auto* o) { o->batch = 0; });
}

}  // namespace
}  // namespace resyncer::train
