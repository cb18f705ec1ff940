#include "resyncer/motion/curve.h"

#include <cmath>

#include "fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace resyncer;
  fuzz::InputFile file(data, size);
  return fuzz::read_or_refuse([&] {
    const motion::Curves curves = motion::read_curves(file.path());
    // What is read must stay within what the controls take, at any time.
    auto check = [](const std::optional<motion::Curve>& curve, const motion::Limits& limits) {
      if (!curve) return;
      for (double seconds : {0.0, 0.5, 1.0, 62.5, 1e9})
        fuzz::require(curve->at(seconds) >= limits.least && curve->at(seconds) <= limits.most);
    };
    check(curves.gain, motion::kGain);
    check(curves.jaw_max, motion::kJawMax);
    check(curves.smooth, motion::kSmooth);
    check(curves.offset_ms, motion::kOffsetMs);
  });
}
