#include "resyncer/train/closures.h"

#include <gtest/gtest.h>

#include "resyncer/core/error.h"
#include "resyncer/nets/sync_former.h"
#include "support/scratch_folder.h"
#include "train/motion_synthetic.h"

namespace resyncer::train {
namespace {

class Closures : public testing::Test {
 protected:
  void SetUp() override {
    torch::manual_seed(1);
    nets::SyncFormerConfig former;
    former.coefficients = former.components = synthetic::kCoefficients;
    former.audio = 32;
    nets::SpeechEncoderConfig speech;
    speech.channels = 32, speech.blocks = 2;
    nets::MotionNetworks networks(speech, former);
    {
      torch::NoGradGuard no_grad;
      networks.former->opening.copy_(torch::tensor({0.1F, 0.F, 0.F, 0.F}));
    }
    nets::save_motion_networks(folder / "motion.safetensors", networks);
    options.weights = folder / "motion.safetensors";
    options.output = folder / "closures.safetensors";
    options.datasets = {folder / "data.safetensors"};
  }

  support::ScratchFolder folder;
  mesh::FaceModel face = synthetic::face_model();
  ClosureTrainOptions options;
};

TEST_F(Closures, AreToldOfSpeakersNeverHeard) {
  synthetic::write_dataset(options.datasets[0], 16, 75, 1, "motion", true);
  options.held_out = {folder / "held_out.safetensors"};
  synthetic::write_dataset(options.held_out[0], 6, 75, 2, "motion", true);
  options.ridge = 1;
  const ClosureFigure figure = train_closures(options, face);
  EXPECT_GT(figure.bilabials, 10);
  EXPECT_GT(figure.found, 0.9 * figure.bilabials);
  EXPECT_GT(figure.rows, 100);
  EXPECT_LT(figure.false_rows, 0.05 * figure.rows);
  // All else is as it was.
  auto before = nets::load_motion_networks(options.weights),
       after = nets::load_motion_networks(options.output);
  EXPECT_TRUE(torch::equal(before.former->mesh_in->weight, after.former->mesh_in->weight));
  EXPECT_FALSE(torch::equal(before.former->closure, after.former->closure));
}

// Their mouths part by coefficient 0 (2 a, a: how far) and a little of 2 (0.3 a), whatever else they do.
TEST_F(Closures, HowLipsPartIsLearnedFromTheMeshesAboutThem) {
  synthetic::write_dataset(options.datasets[0], 16, 75, 1, "motion", true);
  train_closures(options, face);
  const torch::Tensor parting = nets::load_motion_networks(options.output).former->parting;
  EXPECT_NEAR(parting[0].item<float>(), 10, 0.05F);
  EXPECT_NEAR(parting[2].item<float>(), 1.5F, 0.05F);
  EXPECT_NEAR(parting[3].item<float>(), 0, 0.01F);
}

TEST_F(Closures, AreNotAddedToMotionOfAnotherFace) {
  nets::SyncFormerConfig former;
  former.coefficients = former.components = synthetic::kCoefficients + 1;
  former.audio = 32;
  nets::SpeechEncoderConfig speech;
  speech.channels = 32, speech.blocks = 2;
  nets::save_motion_networks(options.weights, nets::MotionNetworks(speech, former));
  synthetic::write_dataset(options.datasets[0], 4, 40, 1, "motion", true);
  try {
    train_closures(options, face);
    FAIL();
  } catch (const core::Error& e) {
    EXPECT_EQ(e.kind(), core::ErrorKind::model);
  }
}

TEST_F(Closures, NeedPhonemeTimes) {
  synthetic::write_dataset(options.datasets[0], 4, 40, 1);
  try {
    train_closures(options, face);
    FAIL();
  } catch (const core::Error& e) {
    EXPECT_EQ(e.kind(), core::ErrorKind::input);
  }
}

}  // namespace
}  // namespace resyncer::train
