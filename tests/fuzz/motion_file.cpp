#include "resyncer/motion/motion_file.h"

#include "fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace resyncer;
  fuzz::InputFile file(data, size);
  return fuzz::read_or_refuse([&] {
    const motion::Motion read = motion::read_motion(file.path(), {"00ff", 3, 2});
    fuzz::require(read.expression.rows() == 3 && read.expression.cols() == 2 && read.rest.size() == 2);
    fuzz::require(read.expression.cwiseAbs().maxCoeff() <= motion::kMostCoefficient);
    fuzz::require(read.rest.cwiseAbs().maxCoeff() <= motion::kMostCoefficient);
  });
}
