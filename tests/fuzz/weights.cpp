#include "resyncer/nets/weights.h"

#include "fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace resyncer;
  static torch::nn::Linear module(2, 3);
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  return fuzz::read_or_refuse([&] {
    core::TensorFile file(std::vector<std::byte>(begin, begin + size), "fuzz");
    nets::WeightsHeader header = nets::read_weights_header(file, "test", 1);
    std::int64_t inputs = 0, outputs = 0;
    nets::read_config(header.config, file.place(),
                      {{"inputs", &inputs, 1, 64}, {"outputs", &outputs, -4, 64}});
    fuzz::require(inputs >= 1 && inputs <= 64 && outputs >= -4 && outputs <= 64);
    nets::load_weights(file, {{"linear.", module.get()}}, {"other."});
  });
}
