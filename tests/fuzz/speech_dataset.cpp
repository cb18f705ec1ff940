#include "train/speech_dataset.h"

#include "fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace resyncer;
  fuzz::InputFile file(data, size);
  auto draw = [&](int units) {
    return fuzz::read_or_refuse([&] {
      train::SpeechDataset dataset = train::load_speech_datasets({file.path()}, 2, {units});
      std::mt19937_64 random(1);
      train::SpeechBatch batch = train::draw_speech(dataset.training, 2, 4, 2, &random);
      train::hide_stretches(0.5, 2, &random, &batch);
    });
  };
  return draw(0) + draw(2);
}
