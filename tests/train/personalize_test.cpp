#include "resyncer/train/personalize.h"

#include <gtest/gtest.h>

#include <fstream>

#include "resyncer/core/error.h"
#include "resyncer/generator/rewired_generator.h"
#include "resyncer/nets/rewired_generator.h"
#include "resyncer/nets/weights.h"
#include "support/scratch_folder.h"
#include "train/faces_dataset.h"
#include "train/faces_synthetic.h"

namespace resyncer::train {
namespace {

class Personalize : public testing::Test {
 protected:
  void SetUp() override {
    model_ = shipped_face_model();
    write_synthetic_faces(folder_ / "faces", model_, {64, 1, 16, 1});
    torch::manual_seed(3);
    nets::GeneratorShape shape;
    shape.side = 64;
    shape.references = generator::kReferences;
    shape.channels = {8, 8, 16, 16, 16, 16};
    nets::RewiredGenerator network(shape);
    {  // people in general are red
      torch::NoGradGuard no_grad;
      network->levels[0]->to_rgb->bias[generator::kReferences] += 0.1;
    }
    nets::save_weights(folder_ / "base",
                       {nets::kGeneratorKind, nets::kGeneratorVersion, nets::write_config(shape)},
                       {{"", network.get()}});
  }

  PersonOptions options(const std::string& name) const {
    PersonOptions o;
    o.face_model = std::filesystem::path(RESYNCER_SOURCE_DIR) / "models/face-model.safetensors";
    o.base = folder_ / "base";
    o.base_hash = "abc";
    o.output = folder_ / (name + ".person");
    o.minutes = 0;
    o.steps = 4;
    o.batch = 2;
    o.held_out = 0.25;
    o.evaluate_every = 2;
    o.held_out_samples = 4;
    o.bf16 = false;
    return o;
  }
  std::vector<core::TensorFile> faces() const {
    std::vector<core::TensorFile> files;
    files.emplace_back(folder_ / "faces", core::ErrorKind::input);
    return files;
  }
  static std::string bytes(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  support::ScratchFolder folder_;
  mesh::FaceModel model_;
};

TEST_F(Personalize, PaintsTheHeldOutStretchBetterAndHoldsOffsetsAlone) {
  auto o = options("learn");
  o.steps = 40;
  o.evaluate_every = 20;
  o.learning_rate = 5e-3;
  o.average = 0.9;
  const PersonResult result = personalize(faces(), o);
  EXPECT_EQ(result.steps, 40);
  EXPECT_GT(result.best_step, 0);
  EXPECT_GT(result.after.psnr, result.before.psnr + 0.5);
  const core::TensorFile file(o.output);
  EXPECT_EQ(file.meta("base"), "abc");
  for (const auto& [name, view] : file.tensors()) EXPECT_EQ(view.type, core::DType::f16) << name;
  EXPECT_TRUE(file.has("generator.mapping.bias"));
  EXPECT_TRUE(file.has("generator.synthesis5.to_rgb.weight"));
  EXPECT_FALSE(file.has("generator.synthesis5.conv.weight"));
  EXPECT_FALSE(file.has("generator.stem.weight"));
}

TEST_F(Personalize, ResumedEqualsUninterrupted) {
  auto whole = options("whole");
  personalize(faces(), whole);
  auto half = options("half");
  half.checkpoint = folder_ / "half.checkpoint";
  half.stop_at = 2;
  personalize(faces(), half);
  half.stop_at = 0;
  half.resume = true;
  EXPECT_EQ(personalize(faces(), half).steps, 4);
  EXPECT_EQ(bytes(whole.output), bytes(half.output));
  half.learning_rate *= 2;
  EXPECT_THROW(personalize(faces(), half), core::Error) << "a checkpoint of other settings";
}

TEST_F(Personalize, WhatMakesItWorseIsNotKept) {
  auto o = options("worse");
  o.learning_rate = 100;
  o.steps = 100;
  o.patience = 2;
  const PersonResult result = personalize(faces(), o);
  EXPECT_EQ(result.best_step, 0);
  EXPECT_TRUE(result.gave_up);
  EXPECT_LT(result.steps, 100);
  EXPECT_EQ(result.after.psnr, result.before.psnr);
  EXPECT_TRUE(core::TensorFile(o.output).tensors().empty());
}

TEST_F(Personalize, WhatIsHeldOutIsNeitherLearnedNorLent) {
  FacesDataset dataset({folder_ / "faces"}, model_, 64);
  EXPECT_EQ(dataset.frames().size(), 16U);
  const auto held = dataset.hold_out(0.25);  // of 15 s
  ASSERT_EQ(held.size(), 4U);
  EXPECT_EQ(held.front().index, 12);
  EXPECT_EQ(dataset.frames().size(), 12U);
  for (const auto& frames : {held, dataset.frames()})
    for (FrameId frame : frames)
      for (auto row : dataset.choose(frame, 1)) EXPECT_LT(row, 12);
}

TEST_F(Personalize, TooLittleFootageAndImpossibleOptionsAreRefused) {
  auto kind_of = [&](const PersonOptions& o) {
    try {
      personalize(faces(), o);
    } catch (const core::Error& e) {
      return e.kind();
    }
    return core::ErrorKind::internal;
  };
  auto o = options("bad");
  o.steps = 0;
  EXPECT_EQ(kind_of(o), core::ErrorKind::usage);
  o = options("bad");
  o.held_out = 1;
  EXPECT_EQ(kind_of(o), core::ErrorKind::usage);
  o = options("bad");
  o.base = o.face_model;
  EXPECT_EQ(kind_of(o), core::ErrorKind::model);
  o = options("bad");
  write_synthetic_faces(folder_ / "faces", model_, {64, 1, 1, 1});
  EXPECT_EQ(kind_of(o), core::ErrorKind::input);
}

}  // namespace
}  // namespace resyncer::train
