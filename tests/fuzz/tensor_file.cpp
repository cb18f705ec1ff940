#include "resyncer/core/tensor_file.h"

#include "fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace resyncer;
  const auto* begin = reinterpret_cast<const std::byte*>(data);
  return fuzz::read_or_refuse([&] {
    core::TensorFile file(std::vector<std::byte>(begin, begin + size), "fuzz");
    for (const auto& [name, view] : file.tensors()) {
      for (auto extent : view.shape) fuzz::require(extent >= 0);
      fuzz::require(view.to_floats().size() * core::size_of(view.type) == view.bytes);
      fuzz::require(&file.get(name, view.type, view.shape) == &view);
    }
  });
}
