#include "fuzz/fuzz_input.h"
#include "track/landmark_model.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace resyncer;
  fuzz::InputFile file(data, size);
  return fuzz::read_or_refuse([&] {
    // What is read must also be fit to use: indices in range, numbers that can become pixels.
    track::LandmarkModel(file.path()).predict(core::ImageU8(16, 16, 1), 4.F, 8.F);
  });
}
