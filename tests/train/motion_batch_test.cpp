#include "train/motion_batch.h"

#include <gtest/gtest.h>

#include "motion_synthetic.h"
#include "support/scratch_folder.h"

namespace resyncer::train {
namespace {

constexpr std::int64_t kContext = 12;  // mel frames

class MotionSampling : public testing::Test {
 protected:
  support::ScratchFolder folder;
  std::filesystem::path file = folder / "motion.safetensors";
  MotionTrainOptions options;
  std::mt19937_64 random{7};

  void SetUp() override {
    synthetic::write_dataset(file, 6, 60, 1);
    options.batch = 400;
    options.frames = 16;
    options.reach = 4;
  }

  MotionBatch draw() {
    MotionDataset data = load_motion_datasets({file}, synthetic::kCoefficients, MelForm::raw);
    return MotionSampler(data, options, kContext).draw(&random);
  }

  // Mel frames that the features before the window's first frame, or after its last, hear alone.
  torch::Tensor mel_before(const MotionBatch& b) const {
    return b.mel.slice(1, 0, kContext + 2 * (options.reach - 1));
  }
};

bool all_silent(const torch::Tensor& mel) { return (mel <= speech::kMelSilence + 1e-4).all().item<bool>(); }

TEST_F(MotionSampling, SomeRecordingsBeginWithTheWindow) {
  MotionBatch b = draw();
  int begun = 0;
  for (std::int64_t row = 0; row < options.batch; ++row) {
    const bool silent = all_silent(mel_before(b)[row]);
    const bool unheard = b.inside[row].slice(0, 0, options.reach - 1).sum().item<float>() == 0;
    if (!silent || !unheard) continue;
    ++begun;
    EXPECT_EQ(b.known[row][0].item<float>(), 0) << "there is no mesh before the first";
    EXPECT_EQ(b.inside[row][options.reach - 1].item<float>(), 1) << "the first frame's own feature is heard";
  }
  EXPECT_GT(begun, options.batch / 10);
  EXPECT_LT(begun, options.batch / 2);
}

TEST_F(MotionSampling, WithoutAugmentationWindowsHearWhatIsAroundThem) {
  options.augment = false;
  MotionBatch b = draw();
  // A window in the middle of its clip has features on both sides.
  int surrounded = 0;
  for (std::int64_t row = 0; row < options.batch; ++row)
    surrounded += b.inside[row].min().item<float>() > 0 ? 1 : 0;
  EXPECT_GT(surrounded, options.batch / 2);
}

}  // namespace
}  // namespace resyncer::train
