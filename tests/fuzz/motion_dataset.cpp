#include "train/motion_dataset.h"

#include "fuzz/fuzz_input.h"
#include "resyncer/speech/features.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace resyncer;
  fuzz::InputFile file(data, size);
  return fuzz::read_or_refuse([&] {
    train::MotionDataset dataset = train::load_motion_datasets({file.path()}, 2, train::MelForm::level);
    auto rows = std::int64_t(dataset.confidence.size());
    auto mel_rows = std::int64_t(dataset.mel.size()) / speech::kMelBands;
    fuzz::require(std::int64_t(dataset.expression.size()) == 2 * rows);
    for (const auto& clip : dataset.clips) {
      fuzz::require(clip.frames > 0 && clip.start >= 0 && clip.start + clip.frames <= rows);
      fuzz::require(clip.mel_start >= 0 && clip.mel_frames >= 0);
      fuzz::require(clip.mel_start + clip.mel_frames <= mel_rows);
    }
  });
}
