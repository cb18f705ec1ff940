#include <cmath>

#include "fuzz/fuzz_input.h"
#include "resyncer/motion/speaking_style.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace resyncer;
  fuzz::InputFile file(data, size);
  return fuzz::read_or_refuse([&] {
    const motion::SpeakingStyle style = motion::read_style(file.path(), "abc");
    fuzz::require(style.token.size() > 0 && style.token.allFinite());
    fuzz::require(style.low <= style.high && std::isfinite(style.tempo));
    motion::mix({style, style}, {1, 2});
  });
}
