#include "train/checkpoint.h"

#include "fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace resyncer;
  static torch::nn::Linear module(2, 3);
  static torch::optim::AdamW optimizer(module->parameters());
  std::mt19937_64 random(1);
  std::int64_t step = 0;
  double best = 0;
  train::TrainingState state{
      {{"network.", module.get()}}, {{"adam.", &optimizer}}, &step, {{"best", &best}}, &random};
  fuzz::InputFile file(data, size);
  return fuzz::read_or_refuse([&] {
    train::load_checkpoint(file.path(), {"training", 1, "{}"}, state);
    fuzz::require(step >= 0);
  });
}
