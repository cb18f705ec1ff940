#include "resyncer/nets/rewired_generator.h"

#include <gtest/gtest.h>

#include "resyncer/core/error.h"
#include "resyncer/nets/weights.h"
#include "support/scratch_folder.h"

namespace resyncer::nets {
namespace {
using torch::Tensor;

GeneratorShape small_shape() {
  GeneratorShape shape;
  shape.side = 64;
  shape.style = 16;
  shape.channels = {8, 8, 16, 16, 16, 16};
  return shape;
}

Tensor random_guidance(int64_t n, int64_t side) {
  Tensor guidance = torch::rand({n, 22, side, side});
  for (int64_t k = 0; k < 4; ++k) guidance.slice(1, 9 + 4 * k, 10 + 4 * k).round_();  // validity is 0 or 1
  return guidance;
}

// A network that has opinions: everything that starts at zero is set.
void wake(RewiredGenerator& network, double strength) {
  torch::NoGradGuard no_grad;
  for (auto& item : network->named_parameters()) {
    if (item.key().find("strength") != std::string::npos) item.value().fill_(strength);
    if (item.key().find("to_rgb.weight") != std::string::npos) item.value().normal_(0, 0.05);
  }
}

TEST(RewiredGenerator, StartsFromTheMeanOfTheReferencesThatCoverAPixel) {
  torch::manual_seed(1);
  RewiredGenerator network(small_shape());
  Tensor guidance = random_guidance(2, 64), picture = compose(network(guidance), guidance);
  Tensor sum = torch::zeros({2, 3, 64, 64}), count = torch::zeros({2, 1, 64, 64});
  for (int64_t k = 0; k < 4; ++k) {
    Tensor valid = guidance.slice(1, 9 + 4 * k, 10 + 4 * k);
    sum += valid * guidance.slice(1, 6 + 4 * k, 9 + 4 * k);
    count += valid;
  }
  Tensor difference = (picture - sum / (count + 1e-9)) * (count > 0).to(torch::kFloat32);
  EXPECT_LT(difference.abs().max().item<float>(), 2e-3);
}

TEST(RewiredGenerator, WeightsSumToOneAndResidualIsBounded) {
  torch::manual_seed(2);
  RewiredGenerator network(small_shape());
  wake(network, 0.5);
  Painted painted = network(random_guidance(1, 64));
  EXPECT_LT((painted.weights.sum(1) - 1).abs().max().item<float>(), 1e-5);
  EXPECT_LE(painted.residual.abs().max().item<float>(), 1);
}

TEST(RewiredGenerator, SkipsEnterOnlyThroughTheNoiseSlots) {
  torch::manual_seed(3);
  torch::NoGradGuard no_grad;
  RewiredGenerator network(small_shape());
  Tensor w = torch::randn({1, 16});
  auto features = [&](int seed) {
    torch::manual_seed(seed);
    return network->encode(random_guidance(1, 64));
  };
  auto first = features(10), second = features(11);
  wake(network, 0);
  EXPECT_TRUE(torch::equal(network->synthesize(first, w), network->synthesize(second, w)));
  wake(network, 0.5);
  EXPECT_FALSE(torch::allclose(network->synthesize(first, w), network->synthesize(second, w)));
}

TEST(RewiredGenerator, IsFullyConvolutional) {
  torch::manual_seed(4);
  torch::NoGradGuard no_grad;
  RewiredGenerator network(small_shape());
  wake(network, 0.5);
  for (int64_t side : {32, 128, 256}) EXPECT_EQ(network(random_guidance(1, side)).weights.size(3), side);
}

TEST(RewiredGenerator, Bfloat16AgreesWithFloat32) {
  torch::manual_seed(5);
  torch::NoGradGuard no_grad;
  RewiredGenerator network(small_shape());
  wake(network, 0.5);
  Tensor guidance = random_guidance(2, 64);
  Tensor full = compose(network(guidance, torch::kFloat32), guidance),
         brain = compose(network(guidance, torch::kBFloat16), guidance);
  EXPECT_LT((full - brain).abs().mean().item<float>(), 0.01);
  EXPECT_LT((full - brain).abs().max().item<float>(), 0.15);
}

TEST(RewiredGenerator, OverfitsOneBatch) {
  torch::manual_seed(6);
  RewiredGenerator network(small_shape());
  // ToRGB slowly, as the trainer does (src/train/generator.cpp).
  std::vector<Tensor> inner, to_rgb;
  for (const auto& item : network->named_parameters())
    (item.key().find("to_rgb") == std::string::npos ? inner : to_rgb).push_back(item.value());
  const auto options = torch::optim::AdamOptions(1e-2).betas({0.9, 0.99});
  torch::optim::Adam optimizer(inner, options), slow(to_rgb, torch::optim::AdamOptions(options).lr(1e-3));
  Tensor guidance = random_guidance(2, 64);
  Tensor truth = torch::rand({2, 3, 8, 8}).repeat_interleave(8, 2).repeat_interleave(8, 3);
  double first = 0, last = 0;
  for (int i = 0; i < 200; ++i) {
    Tensor loss = (compose(network(guidance, torch::kFloat32), guidance) - truth).abs().mean();
    optimizer.zero_grad();
    slow.zero_grad();
    loss.backward();
    optimizer.step();
    slow.step();
    last = loss.item<double>();
    if (i == 0) first = last;
  }
  EXPECT_LT(last, 0.5 * first);
}

TEST(RewiredGenerator, ConfigIsReadBackAndChecked) {
  GeneratorShape shape = small_shape(), back = read_generator_config(write_config(shape), "x");
  EXPECT_EQ(back.channels, shape.channels);
  EXPECT_EQ(back.side, 64);
  shape.side = 100;
  EXPECT_THROW(read_generator_config(write_config(shape), "x"), core::Error);
  EXPECT_THROW(read_generator_config("{}", "x"), core::Error);
}

TEST(RewiredGenerator, WeightsThatBlendAnotherNumberOfReferencesAreRefused) {
  support::ScratchFolder folder;
  const auto path = folder / "generator.safetensors";
  const GeneratorShape shape = small_shape();
  RewiredGenerator network(shape);
  save_weights(path, {kGeneratorKind, kGeneratorVersion, write_config(shape)}, {{"", network.get()}});
  const core::TensorFile file(path);
  EXPECT_EQ(read_generator_shape(file, shape.references).channels, shape.channels);
  EXPECT_THROW(read_generator_shape(file, shape.references + 1), core::Error);
}

}  // namespace
}  // namespace resyncer::nets
