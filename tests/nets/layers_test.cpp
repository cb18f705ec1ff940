#include "resyncer/nets/layers.h"

#include <gtest/gtest.h>

#include "resyncer/nets/discriminator.h"

namespace resyncer::nets {
namespace {
namespace F = torch::nn::functional;
using torch::Tensor;

// StyleGAN2, equations 1 and 3, one sample at a time.
Tensor naive(const ModulatedConv& conv, const Tensor& x, const Tensor& w, bool up) {
  std::vector<Tensor> samples;
  Tensor styles = conv->styles(w);
  for (int64_t n = 0; n < x.size(0); ++n) {
    Tensor weight = conv->weight * styles[n].view({1, -1, 1, 1});
    weight = weight * std::sqrt(2.0) * torch::rsqrt(weight.square().sum({1, 2, 3}, true) + 1e-8);
    Tensor sample = x.slice(0, n, n + 1);
    if (up) sample = sample.repeat_interleave(2, 2).repeat_interleave(2, 3);
    samples.push_back(torch::conv2d(sample, weight, conv->bias, 1, 1));
  }
  return torch::cat(samples);
}

double largest_difference(const Tensor& a, const Tensor& b) {
  return (a.to(torch::kFloat32) - b.to(torch::kFloat32)).abs().max().item<double>();
}

TEST(ModulatedConv, EqualsThePerSampleDefinition) {
  torch::manual_seed(1);
  for (auto resampling : {Resampling::none, Resampling::up}) {
    ModulatedConv conv(6, 5, 3, 7, true, resampling);
    torch::nn::init::normal_(conv->bias);
    Tensor x = torch::randn({3, 6, 8, 10}), w = torch::randn({3, 7});
    EXPECT_LT(largest_difference(conv->forward(x, w), naive(conv, x, w, resampling == Resampling::up)), 1e-4);
  }
}

TEST(ModulatedConv, OutputKeepsItsVarianceWhateverTheStyle) {
  torch::manual_seed(2);
  ModulatedConv conv(32, 32, 3, 4);
  Tensor x = torch::randn({2, 32, 16, 16}), w = torch::randn({2, 4}) * torch::tensor({{1.F}, {50.F}});
  Tensor y = conv->forward(x, w);
  EXPECT_NEAR(y[0].std().item<double>(), std::sqrt(2.0), 0.3);
  EXPECT_NEAR(y[1].std().item<double>(), std::sqrt(2.0), 0.3);
}

class FinishSlot : public testing::TestWithParam<std::tuple<bool, torch::ScalarType, double>> {};

TEST_P(FinishSlot, EqualsPlainOperatorsInValueAndGradient) {
  auto [interleaved, type, strength_value] = GetParam();
  torch::manual_seed(3);
  auto leaf = [&](torch::IntArrayRef shape, torch::ScalarType t) {
    return torch::randn(shape).to(t).requires_grad_(true);
  };
  Tensor values = interleaved ? leaf({2, 20, 5, 7}, type) : leaf({2, 5, 8, 12}, type);
  Tensor scale = leaf({2, 5}, torch::kFloat32), bias = leaf({5}, torch::kFloat32);
  Tensor features = leaf({2, 3, 8, 12}, type),
         strength = torch::full({1}, strength_value).requires_grad_(true);
  std::vector<Tensor> inputs = {values, scale, bias, features, strength};
  Tensor plain = finish_slot_plainly({values, scale}, bias, features, strength, interleaved);
  Tensor fused = finish_slot({values, scale}, bias, features, strength, interleaved);
  double tolerance = type == torch::kFloat32 ? 1e-4 : 0.06;
  ASSERT_EQ(fused.sizes(), plain.sizes());
  EXPECT_LT(largest_difference(fused, plain), tolerance);
  Tensor weight = torch::randn(plain.sizes()).to(type);
  auto expected = torch::autograd::grad({(plain * weight).sum()}, inputs);
  auto actual = torch::autograd::grad({(fused * weight).sum()}, inputs);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    double size = expected[i].to(torch::kFloat32).abs().max().item<double>() + 1;
    EXPECT_LT(largest_difference(actual[i], expected[i]) / size, tolerance) << "input " << i;
  }
}
INSTANTIATE_TEST_SUITE_P(Layouts, FinishSlot,
                         testing::Combine(testing::Bool(), testing::Values(torch::kFloat32, torch::kBFloat16),
                                          testing::Values(0.7, -0.4)));

TEST(NoiseSlot, GradientReachesAStrengthOfZero) {
  torch::manual_seed(4);
  Tensor strength = torch::zeros({1}).requires_grad_(true);
  Tensor out = finish_slot({torch::randn({1, 4, 4, 4}), torch::ones({1, 4})}, torch::zeros({4}),
                           torch::randn({1, 4, 4, 4}).abs(), strength, false);
  out.sum().backward();
  EXPECT_NE(strength.grad().item<float>(), 0);
}

TEST(ScaleChannels, HasTheGradientOfAProduct) {
  torch::manual_seed(5);
  Tensor x = torch::randn({2, 6, 5, 4}, torch::requires_grad()),
         s = torch::randn({2, 6}, torch::requires_grad());
  Tensor weight = torch::randn({2, 6, 5, 4});
  auto plain = torch::autograd::grad({(x * s.view({2, 6, 1, 1}) * weight).sum()}, {x, s});
  auto fused = torch::autograd::grad({(scale_channels(x, s) * weight).sum()}, {x, s});
  EXPECT_LT(largest_difference(plain[0], fused[0]), 1e-5);
  EXPECT_LT(largest_difference(plain[1], fused[1]), 1e-4);
}

TEST(Discriminator, TellsTwoKindsOfPicturesApart) {
  torch::manual_seed(6);
  Discriminator discriminator(8);
  torch::optim::Adam optimizer(discriminator->parameters(), torch::optim::AdamOptions(3e-3));
  Tensor smooth = torch::rand({4, 3, 4, 4}).repeat_interleave(8, 2).repeat_interleave(8, 3);
  Tensor rough = torch::rand({4, 3, 32, 32}), mesh = torch::zeros({4, 1, 32, 32});
  for (int i = 0; i < 60; ++i) {
    Tensor real = rough.clone().requires_grad_(true);
    Tensor logits = discriminator(real, mesh).logits;
    Tensor loss =
        discriminator_loss(logits, discriminator(smooth, mesh).logits) + 1e-4 * r1_penalty(logits, real);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
  auto real = discriminator(rough, mesh), fake = discriminator(smooth, mesh);
  EXPECT_GT(real.logits.mean().item<float>(), fake.logits.mean().item<float>() + 0.5);
  EXPECT_GT(feature_matching(real.features, fake.features).item<float>(), 0.1);
  EXPECT_EQ(feature_matching(real.features, real.features).item<float>(), 0);
}

}  // namespace
}  // namespace resyncer::nets
