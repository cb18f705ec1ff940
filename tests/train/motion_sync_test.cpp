#include "train/motion_sync.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "resyncer/core/error.h"
#include "resyncer/speech/features.h"
#include "resyncer/train/motion.h"
#include "resyncer/train/sync.h"
#include "support/scratch_folder.h"
#include "train/motion_dataset.h"
#include "train/motion_synthetic.h"

namespace resyncer::train {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kFrames = 40;

class MotionSyncTerm : public testing::Test {
 protected:
  // Of 100 steps on speakers that the tests' clips do not show.
  static void SetUpTestSuite() {
    folder = std::make_unique<support::ScratchFolder>();
    synthetic::write_dataset(*folder / "train.safetensors", 24, 75, 1, "sync");
    SyncTrainOptions options;
    options.datasets = {*folder / "train.safetensors"};
    options.output = expert();
    options.expert = true;
    options.pictures = options.cuda = false;
    options.batch = 8, options.rows = 20, options.stretch = 6;
    options.width = 24, options.embedding = 16, options.blocks = 2;
    options.steps = 100, options.warm_up = 10;
    options.learning_rate = 5e-3, options.average_decay = 0.95;
    train_sync(options, synthetic::kCoefficients);
  }
  static void TearDownTestSuite() { folder.reset(); }
  static std::filesystem::path expert() { return *folder / "expert.safetensors"; }

  MotionSyncTerm() {
    synthetic::write_dataset(*folder / "other.safetensors", 6, int(kFrames) + 12, 2, "sync");
    const MotionDataset data = load_motion_datasets({*folder / "other.safetensors"}, synthetic::kCoefficients,
                                                    MelForm::level, "sync");
    const auto clips = std::int64_t(data.clips.size());
    meshes = torch::tensor(data.expression).view({clips, kFrames + 12, synthetic::kCoefficients});
    mel =
        torch::tensor(data.mel).view({clips, 4 * (kFrames + 12), speech::kMelBands}).slice(1, 0, 4 * kFrames);
  }
  torch::Tensor meshes_from(std::int64_t first) const {
    return meshes.slice(1, first, first + kFrames).clone();
  }

  static std::unique_ptr<support::ScratchFolder> folder;
  torch::Tensor meshes, mel, seen = torch::ones({6, kFrames});
};

std::unique_ptr<support::ScratchFolder> MotionSyncTerm::folder;

TEST_F(MotionSyncTerm, IsLessForTheTrueMotion) {
  const MotionSync sync(expert(), synthetic::kCoefficients, kFrames);
  const double own = sync(meshes_from(0), mel, seen).item<double>();
  EXPECT_GT(own, 0);
  EXPECT_GT(sync(meshes_from(12), mel, seen).item<double>(), own + 0.1);
  EXPECT_GT(sync(meshes_from(0).roll(1, 0), mel, seen).item<double>(), own + 0.1);
}

TEST_F(MotionSyncTerm, TeachesTheMotionAlone) {
  const MotionSync sync(expert(), synthetic::kCoefficients, kFrames);
  torch::Tensor wrong = meshes_from(12).requires_grad_();
  const torch::Tensor loss = sync(wrong, mel, seen);
  loss.backward();
  ASSERT_TRUE(wrong.grad().defined());
  EXPECT_TRUE(torch::isfinite(wrong.grad()).all().item<bool>());
  EXPECT_GT(wrong.grad().abs().sum().item<double>(), 0);
  torch::Tensor better = wrong.detach() - 0.1 * wrong.grad() / wrong.grad().abs().max();
  EXPECT_LT(sync(better, mel, seen).item<double>(), loss.item<double>());
  // A second step sees the same expert: its weights had no part in the first.
  EXPECT_EQ(sync(wrong, mel, seen).item<double>(), loss.item<double>());
}

TEST_F(MotionSyncTerm, FramesWithoutAFaceDoNotCount) {
  const MotionSync sync(expert(), synthetic::kCoefficients, kFrames);
  seen.slice(1, 20, 23).fill_(0);
  torch::Tensor spoilt = meshes_from(0).requires_grad_();
  spoilt.data().slice(1, 20, 23).fill_(1000);
  const torch::Tensor loss = sync(spoilt, mel, seen);
  EXPECT_NEAR(loss.item<double>(), sync(meshes_from(0), mel, seen).item<double>(), 1e-5);
  loss.backward();
  EXPECT_EQ(spoilt.grad().slice(1, 20, 23).abs().sum().item<double>(), 0);
  EXPECT_EQ(sync(meshes_from(0), mel, torch::zeros_like(seen)).item<double>(), 0);
}

TEST_F(MotionSyncTerm, WhatDoesNotFitIsRefused) {
  auto fault = [](std::int64_t coefficients, std::int64_t frames, core::ErrorKind kind) -> std::string {
    try {
      MotionSync{expert(), coefficients, frames};
    } catch (const core::Error& e) {
      EXPECT_EQ(e.kind(), kind);
      return e.what();
    }
    return "";
  };
  EXPECT_THAT(fault(5, kFrames, core::ErrorKind::model), HasSubstr("4 coefficients, these have 5"));
  EXPECT_THAT(fault(4, 4, core::ErrorKind::usage), HasSubstr("4 frames is too short"));
  EXPECT_EQ(fault(4, 5, core::ErrorKind::usage), "");
}

TEST_F(MotionSyncTerm, TakesPartInTheTraining) {
  mesh::FaceModel face = synthetic::face_model();
  MotionTrainOptions options;
  options.datasets = {*folder / "motion.safetensors"};
  synthetic::write_dataset(options.datasets[0], 8, 60, 3);
  options.output = *folder / "motion_weights.safetensors";
  options.frames = 24, options.batch = 8;
  options.speech_channels = options.width = 24, options.speech_blocks = 2, options.feed_forward = 48;
  options.history = 8, options.reach = 4;
  options.cuda = options.augment = false;
  options.dropout = options.history_noise = options.weight_decay = 0;
  options.steps = 180, options.report_every = 60;
  options.warm_up = 5, options.learning_rate = 3e-3;
  std::vector<double> said;
  options.progress = [&](const MotionProgress& p) { said.push_back(p.sync); };
  options.sync_weight = 1;
  EXPECT_THROW(train_motion(options, face), core::Error);  // without an expert
  options.sync_expert = expert();
  // By this term alone the mouth comes to say what is heard.
  options.vertex_weight = options.velocity_weight = options.opening_weight = 0;
  options.follow_weight = options.spread_weight = 0;
  train_motion(options, face);
  ASSERT_EQ(said.size(), 3U);
  EXPECT_LT(said.back(), said.front() - 0.05);
}

}  // namespace
}  // namespace resyncer::train
