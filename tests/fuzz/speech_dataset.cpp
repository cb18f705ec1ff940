#include "train/speech_dataset.h"

#include "fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace resyncer;
  fuzz::InputFile file(data, size);
  return fuzz::read_or_refuse([&] {
    train::SpeechDataset dataset = train::load_speech_datasets({file.path()}, 2);
    std::mt19937_64 random(1);
    train::draw_speech(dataset.training, 2, 4, 2, &random);
  });
}
