#include "resyncer/nets/person.h"

#include "fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace resyncer;
  static torch::nn::Linear module(2, 3);
  static const torch::Tensor weight = module->weight.detach().clone();
  {
    torch::NoGradGuard no_grad;
    module->weight.copy_(weight);
  }
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  return fuzz::read_or_refuse([&] {
    nets::add_person(core::TensorFile(std::vector<std::byte>(begin, begin + size), "fuzz"), "abc",
                     module.get());
    fuzz::require(torch::isfinite(module->weight).all().item<bool>());
  });
}
