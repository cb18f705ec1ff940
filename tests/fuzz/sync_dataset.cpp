#include "fuzz/fuzz_input.h"
#include "resyncer/sync/mouth.h"
#include "train/motion_dataset.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace resyncer;
  fuzz::InputFile file(data, size);
  return fuzz::read_or_refuse([&] {
    train::MotionDataset dataset =
        train::load_motion_datasets({file.path()}, 2, train::MelForm::level, "sync");
    fuzz::require(dataset.mouth.size() ==
                  dataset.confidence.size() * std::size_t{sync::kMouthHeight} * sync::kMouthWidth);
  });
}
