#include "resyncer/train/sync.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <fstream>
#include <iterator>

#include "resyncer/core/tensor_file.h"
#include "support/scratch_folder.h"
#include "train/motion_synthetic.h"
#include "train/sync_batch.h"
#include "train/sync_loss.h"

namespace resyncer::train {
namespace {

using testing::HasSubstr;

class SyncTraining : public testing::Test {
 protected:
  support::ScratchFolder folder;
  SyncTrainOptions options;

  void SetUp() override {
    options.datasets = {folder / "train.safetensors"};
    options.output = folder / "sync.safetensors";
    options.batch = 8;
    options.of_a_speaker = 2;
    options.rows = 20;
    options.stretch = 6;
    options.width = 24;
    options.embedding = 16;
    options.blocks = 2;
    options.cuda = false;
  }

  void write(const std::filesystem::path& path, int clips, int rows, unsigned seed) {
    synthetic::write_dataset(path, clips, rows, seed, "sync");
  }

  std::string fault(core::ErrorKind kind) {
    try {
      train_sync(options, synthetic::kCoefficients);
    } catch (const core::Error& e) {
      EXPECT_EQ(e.kind(), kind) << e.what();
      return e.what();
    }
    return "";
  }
};

std::vector<char> bytes_of(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST_F(SyncTraining, TellsTrueSpeechOfPeopleNeverSeen) {
  write(options.datasets[0], 24, 75, 1);
  options.held_out = {folder / "held_out.safetensors"};
  write(options.held_out[0], 4, 90, 2);
  options.curve = folder / "curve.csv";
  options.pictures = false;
  options.banded = true;
  options.mean_reach = 12;
  options.steps = options.evaluate_every = 150;
  options.warm_up = 10;
  options.learning_rate = 5e-3;
  options.average_decay = 0.95;
  SyncTrainResult result = train_sync(options, synthetic::kCoefficients);
  EXPECT_GT(result.best.windows, 20);
  EXPECT_GT(result.best.pairs, 60);
  EXPECT_EQ(result.best.clips, 4);
  EXPECT_GT(result.best.above_shifted, 0.9);
  EXPECT_GT(result.best.above_others, 0.9);
  EXPECT_GT(result.best.offset_right, 0.7);
  // What was written is what was measured.
  EXPECT_EQ(measure_sync(options.output, "sync-judge", options.held_out, synthetic::kCoefficients).mean(),
            result.best.mean());
  EXPECT_THROW(measure_sync(options.output, "sync-expert", options.held_out, synthetic::kCoefficients),
               core::Error);
  std::ifstream csv(options.curve);
  std::string line;
  int lines = 0;
  while (std::getline(csv, line)) ++lines;
  EXPECT_EQ(lines, 1 + 3);
  for (const auto& item : std::filesystem::directory_iterator(folder.path()))
    EXPECT_EQ(item.path().filename().string().find("candidate"), std::string::npos);
}

TEST_F(SyncTraining, LearnsFromPicturesAlone) {
  write(options.datasets[0], 8, 40, 1);
  options.meshes = false;
  options.expert = true;
  options.dilated = true;
  options.steps = 40;
  options.report_every = 10;
  options.warm_up = 5;
  options.learning_rate = 5e-3;
  std::vector<double> losses;
  options.progress = [&](const SyncProgress& p) { losses.push_back(p.loss); };
  train_sync(options, synthetic::kCoefficients);
  ASSERT_EQ(losses.size(), 4U);
  EXPECT_LT(losses.back(), losses.front() - 0.15);
}

TEST_F(SyncTraining, ResumedEqualsUninterrupted) {
  write(options.datasets[0], 6, 40, 1);
  options.held_out = {folder / "held_out.safetensors"};
  write(options.held_out[0], 2, 70, 2);
  options.checkpoint = folder / "whole.checkpoint";
  options.steps = 6;
  options.evaluate_every = 3;
  SyncTrainResult whole = train_sync(options, synthetic::kCoefficients);
  const auto weights = bytes_of(options.output);

  options.checkpoint = folder / "parts.checkpoint";
  options.output = folder / "parts.safetensors";
  options.stop_at = 3;
  EXPECT_EQ(train_sync(options, synthetic::kCoefficients).step, 3);
  options.stop_at = 0;
  options.resume = true;
  SyncTrainResult parts = train_sync(options, synthetic::kCoefficients);
  EXPECT_EQ(parts.step, 6);
  EXPECT_EQ(parts.loss, whole.loss);
  EXPECT_TRUE(bytes_of(options.output) == weights);
  options.learning_rate *= 2;  // other settings are another training
  EXPECT_NE(fault(core::ErrorKind::model), "");
}

TEST_F(SyncTraining, BadDatasetsAreRefused) {
  EXPECT_THAT(fault(core::ErrorKind::input), HasSubstr("train.safetensors"));
  synthetic::write_dataset(options.datasets[0], 2, 30, 1);
  EXPECT_THAT(fault(core::ErrorKind::input), HasSubstr("'motion' file, not a sync dataset"));
  write(options.datasets[0], 2, 11, 1);
  EXPECT_THAT(fault(core::ErrorKind::input), HasSubstr("fewer than 12 rows"));
  write(folder / "good.safetensors", 2, 30, 1);
  core::TensorFile file(folder / "good.safetensors");
  core::TensorFileWriter writer;
  for (const auto& [key, value] : file.metadata()) writer.set_meta(key, value);
  for (const auto& [key, view] : file.tensors())
    if (key != "mouth") writer.add(key, view.type, view.shape, view.data);
  std::vector<std::uint8_t> short_mouths(59 * 48 * 64);
  writer.add("mouth", core::DType::u8, {59, 48, 64}, short_mouths.data());
  writer.write(options.datasets[0]);
  EXPECT_THAT(fault(core::ErrorKind::input), HasSubstr("mouth"));
}

TEST_F(SyncTraining, ContradictoryOptionsAreRefused) {
  write(options.datasets[0], 2, 30, 1);
  auto refused = [&](const std::function<void(SyncTrainOptions*)>& change) {
    SyncTrainOptions saved = options;
    change(&options);
    EXPECT_NE(fault(core::ErrorKind::usage), "");
    options = saved;
  };
  refused([](auto* o) { o->datasets.clear(); });
  refused([](auto* o) { o->output.clear(); });
  refused([](auto* o) { o->resume = true; });
  refused([](auto* o) { o->meshes = o->pictures = false; });
  refused([](auto* o) { o->blocks = 8; });
  refused([](auto* o) { o->batch = 1; });
  refused([](auto* o) { o->hard_weight = 0; });
  refused([](auto* o) { o->mean_reach = -1; });
}

TEST(SyncLoss, IsLeastWhereEveryStretchFindsItsOwn) {
  torch::manual_seed(1);
  auto unit = [](torch::Tensor x) { return x / x.norm(2, 2, true); };
  torch::Tensor mouth = unit(torch::randn({3, 12, 16})), sharpness = torch::full({1}, 20.);
  const double fits = sync_loss(mouth, mouth, 4, sharpness).item<double>();
  EXPECT_LT(fits, 0.1);
  EXPECT_GT(sync_loss(mouth, mouth.roll(4, 1), 4, sharpness).item<double>(), fits + 1);
  EXPECT_GT(sync_loss(mouth, mouth.roll(1, 0), 4, sharpness).item<double>(), fits + 1);
}

TEST(SyncLoss, WrongStretchesOfTheSameClipMayCountMore) {
  torch::manual_seed(1);
  auto unit = [](torch::Tensor x) { return x / x.norm(2, 2, true); };
  torch::Tensor mouth = unit(torch::randn({3, 12, 16})), speech = unit(torch::randn({3, 12, 16}));
  auto loss = [&](const torch::Tensor& sound, double hard) {
    return sync_loss(mouth, sound, 4, torch::full({1}, 20.), hard).item<double>();
  };
  EXPECT_EQ(loss(speech, 1), sync_loss(mouth, speech, 4, torch::full({1}, 20.)).item<double>());
  EXPECT_GT(loss(speech, 8), loss(speech, 1) + 0.5);
  // Where the wrong stretches that tempt are those of the clip itself, they cost more than other clips'.
  EXPECT_GT(loss(mouth.roll(4, 1), 8) - loss(mouth.roll(4, 1), 1),
            loss(mouth.roll(1, 0), 8) - loss(mouth.roll(1, 0), 1) + 0.5);
}

TEST(SyncBatch, AugmentedMeshesDrift) {
  std::mt19937_64 random(3);
  torch::manual_seed(2);
  torch::Tensor spread = torch::tensor({1.F, 2.F, 0.F});
  torch::Tensor drift = augment_meshes(torch::zeros({200, 28, 3}), spread, &random);
  EXPECT_EQ(drift.select(2, 2).abs().max().item<double>(), 0);
  const double far = drift.select(2, 0).square().mean().sqrt().item<double>();
  EXPECT_GT(far, 0.2);
  EXPECT_NEAR(drift.select(2, 1).square().mean().sqrt().item<double>(), 2 * far, 0.3 * far);
  torch::Tensor step = drift.slice(1, 1) - drift.slice(1, 0, 27);
  EXPECT_LT(step.select(2, 0).square().mean().sqrt().item<double>(), far / 2);  // slowly
}

TEST(SyncBatch, AugmentedPicturesStayPictures) {
  std::mt19937_64 random(3);
  torch::manual_seed(2);
  torch::Tensor pictures = 255 * torch::rand({6, 4, kSeenHeight, kSeenWidth});
  torch::Tensor other = augment_pictures(pictures, &random);
  EXPECT_EQ(other.sizes(), pictures.sizes());
  EXPECT_TRUE(torch::isfinite(other).all().item<bool>());
  EXPECT_GT((other - pictures).abs().mean().item<double>(), 1);
}

}  // namespace
}  // namespace resyncer::train
