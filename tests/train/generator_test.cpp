#include "resyncer/train/generator.h"

#include <gtest/gtest.h>

#include <fstream>

#include "resyncer/core/error.h"
#include "resyncer/generator/rewired_generator.h"
#include "support/scratch_folder.h"
#include "train/faces_synthetic.h"

namespace resyncer::train {
namespace {

class GeneratorTraining : public testing::Test {
 protected:
  void SetUp() override {
    model_ = shipped_face_model();
    write_synthetic_faces(folder_ / "faces", model_, {});
  }

  GeneratorTrainingOptions options(const std::string& name) const {
    GeneratorTrainingOptions o;
    o.data = {folder_ / "faces"};
    o.face_model = std::filesystem::path(RESYNCER_SOURCE_DIR) / "models/face-model.safetensors";
    o.output = folder_ / (name + ".weights");
    o.checkpoint = folder_ / (name + ".checkpoint");
    o.side = 64;
    o.batch = 2;
    o.steps = 4;
    o.evaluate_every = 1000;
    o.bf16 = false;
    o.channels = {8, 8, 16, 16, 16, 16};
    return o;
  }

  static std::string bytes(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  support::ScratchFolder folder_;
  mesh::FaceModel model_;
};

TEST_F(GeneratorTraining, LearnsToBeatTheReferences) {
  auto o = options("learn");
  o.held_out = o.data;
  o.steps = 150;
  o.batch = 4;
  o.augment = false;
  o.average = 0.9;
  o.held_out_samples = 6;
  o.learning_rate = 5e-3;
  o.curve = folder_ / "curve.csv";
  o.sheets = folder_ / "sheets";
  auto result = train_generator(o);
  EXPECT_EQ(result.steps, 150);
  EXPECT_GT(result.network.psnr, result.mean_reference.psnr + 1);
  EXPECT_GT(result.network.psnr, result.first_reference.psnr + 1);
  EXPECT_GT(result.network.ssim, 0.5);
  EXPECT_NE(bytes(o.curve).find("step,seconds,loss"), std::string::npos);
  EXPECT_EQ(bytes(o.sheets / "step0000150.ppm").substr(0, 3), "P6\n");
  EXPECT_EQ(generator::RewiredGenerator(o.output).side(), 64);
}

TEST_F(GeneratorTraining, ResumedEqualsUninterrupted) {
  auto whole = options("whole");
  whole.adversarial_from = 1;
  train_generator(whole);
  auto half = options("half");
  half.adversarial_from = 1;
  half.steps = 4;
  half.stop_at = 2;
  train_generator(half);
  half.stop_at = 0;
  half.resume = true;
  half.workers = 2;  // changes nothing
  auto result = train_generator(half);
  EXPECT_EQ(result.steps, 4);
  EXPECT_EQ(bytes(whole.output), bytes(half.output));
}

TEST_F(GeneratorTraining, StartsFromGivenWeightsAtAnotherSide) {
  auto first = options("first");
  first.steps = 1;
  train_generator(first);
  auto second = options("second");
  second.initial = first.output;
  second.side = 32;                      // the pictures are halved
  second.channels = {1, 1, 1, 1, 1, 1};  // those of the file count
  second.steps = 1;
  train_generator(second);
  EXPECT_EQ(generator::RewiredGenerator(second.output).side(), 32);
}

TEST_F(GeneratorTraining, DataThatDoesNotFitIsRefused) {
  auto kind_of = [&](const GeneratorTrainingOptions& o) {
    try {
      train_generator(o);
    } catch (const core::Error& e) {
      return e.kind();
    }
    return core::ErrorKind::internal;
  };
  auto o = options("bad");
  o.side = 128;
  EXPECT_EQ(kind_of(o), core::ErrorKind::input);
  o = options("bad");
  o.data = {o.face_model};
  EXPECT_EQ(kind_of(o), core::ErrorKind::input);
  write_synthetic_faces(folder_ / "single", model_, {64, 3, 1, 1});  // clips of one frame
  o.data = {folder_ / "single"};
  EXPECT_EQ(kind_of(o), core::ErrorKind::input);
  o = options("bad");
  o.steps = 0;
  EXPECT_EQ(kind_of(o), core::ErrorKind::usage);
}

}  // namespace
}  // namespace resyncer::train
