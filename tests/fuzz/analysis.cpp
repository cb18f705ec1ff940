#include "fuzz/fuzz_input.h"
#include "resyncer/pipeline/cache.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace resyncer;
  fuzz::InputFile file(data, size);
  return fuzz::read_or_refuse([&] {
    pipeline::Analysis analysis = pipeline::load_analysis(file.path());
    for (std::int64_t i = 0; i < analysis.frame_count(); ++i) analysis.centre_seconds(i);
    pipeline::tracks_of_frames(analysis);
  });
}
