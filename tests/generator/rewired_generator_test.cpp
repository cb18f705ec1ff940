#include "resyncer/generator/rewired_generator.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <thread>

#include "resyncer/core/error.h"
#include "resyncer/nets/rewired_generator.h"
#include "resyncer/nets/weights.h"
#include "support/scratch_folder.h"

namespace resyncer::generator {
namespace {
using torch::Tensor;

constexpr int kSide = 64;

// A small network with random weights everywhere, in a file of its own.
class RewiredGeneratorFile : public testing::Test {
 protected:
  void SetUp() override {
    torch::manual_seed(7);
    shape_.side = kSide;
    shape_.style = 16;
    shape_.channels = {8, 8, 16, 16, 16, 16};
    network_ = nets::RewiredGenerator(shape_);
    {
      torch::NoGradGuard no_grad;
      for (auto& item : network_->named_parameters()) {
        if (item.key().find("strength") != std::string::npos) item.value().fill_(-0.6);
        if (item.key().find("to_rgb.weight") != std::string::npos) item.value().normal_(0, 0.05);
        if (item.key().find("bias") != std::string::npos)
          item.value().add_(0.02 * torch::randn_like(item.value()));
      }
    }
    save(nets::kGeneratorKind);
    guidance_ = random_guidance(1, kSide);
  }

  void save(const char* kind) {
    nets::save_weights(path_, {kind, nets::kGeneratorVersion, nets::write_config(shape_)},
                       {{"", network_.get()}}, nets::Precision::full);
  }

  static Guidance random_guidance(unsigned seed, int side) {
    Guidance guidance{side, core::ImageF(side, side, kGuidancePlanes), {}};
    std::mt19937 random(seed);
    for (std::size_t i = 0; i < guidance.planes.data.size(); ++i) {
      std::size_t plane = i % kGuidancePlanes;
      bool validity = plane >= 6 && (plane - 6) % 4 == 3;
      guidance.planes.data[i] = validity ? float(random() % 2) : float(random() % 1000) / 999.F;
    }
    return guidance;
  }

  Painting paint(Precision precision) const {
    GeneratorOptions options;
    options.precision = precision;
    options.use_cuda = false;
    Painting painting;
    RewiredGenerator(path_, options).paint(guidance_, &painting);
    return painting;
  }

  static double mean_difference(const core::ImageF& a, const core::ImageF& b) {
    EXPECT_EQ(a.data.size(), b.data.size());
    double sum = 0;
    for (std::size_t i = 0; i < a.data.size(); ++i) sum += std::abs(double(a.data[i]) - double(b.data[i]));
    return sum / double(a.data.size());
  }

  nets::GeneratorShape shape_;
  nets::RewiredGenerator network_{nullptr};
  support::ScratchFolder folder_;
  std::filesystem::path path_ = folder_ / "generator.safetensors";
  Guidance guidance_;
};

TEST_F(RewiredGeneratorFile, PaintsWhatTheNetworkAnswers) {
  torch::NoGradGuard no_grad;
  Tensor planes = torch::from_blob(guidance_.planes.data.data(), {1, kSide, kSide, kGuidancePlanes})
                      .permute({0, 3, 1, 2});
  nets::Painted expected = network_(planes);
  Painting actual = paint(Precision::fp32);
  Tensor weights =
      torch::from_blob(actual.weights.data.data(), {1, kSide, kSide, kReferences}).permute({0, 3, 1, 2});
  Tensor residual = torch::from_blob(actual.residual.data.data(), {1, kSide, kSide, 3}).permute({0, 3, 1, 2});
  EXPECT_GT(expected.residual.std().item<float>(), 0.01);  // or the comparison would prove nothing
  EXPECT_LT((weights - expected.weights).abs().max().item<float>(), 1e-4);
  EXPECT_LT((residual - expected.residual).abs().max().item<float>(), 1e-4);
}

TEST(FinishPainting, AddsTheLightOfTheReferencesAsTheyAreWeighted) {
  Guidance guidance{kSide, {}, core::ImageF(kSide, kSide, 3 * kReferences)};
  Painting painting{core::ImageF(kSide, kSide, kReferences), core::ImageF(kSide, kSide, 3)};
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x)
      for (int k = 0; k < kReferences; ++k) {
        painting.weights.at(x, y, k) = k == 0 ? 0.7F : 0.1F;
        for (int c = 0; c < 3; ++c) guidance.light.at(x, y, 3 * k + c) = 0.01F * float(k + 1);
      }
  finish_painting(guidance, false, &painting);
  for (float value : painting.residual.data) ASSERT_NEAR(value, 0.7F * 0.01F + 0.1F * 0.09F, 1e-6F);
}

TEST(FinishPainting, KeepsCoarseResidualsAndDropsGrainAndNoise) {
  const int side = 256;
  const Guidance guidance{side, {}, {}};
  auto finished = [&](auto value) {
    Painting painting{core::ImageF(side, side, kReferences), core::ImageF(side, side, 3)};
    for (int y = 0; y < side; ++y)
      for (int x = 0; x < side; ++x)
        for (int c = 0; c < 3; ++c) painting.residual.at(x, y, c) = value(x, y);
    finish_painting(guidance, false, &painting);
    return painting.residual.at(side / 2, side / 2, 1);
  };
  EXPECT_NEAR(finished([](int, int) { return 0.1F; }), 0.1F, 0.01F);
  EXPECT_EQ(finished([](int, int) { return 0.005F; }), 0);
  EXPECT_NEAR(finished([](int x, int y) { return (x + y) % 2 == 0 ? 0.1F : -0.1F; }), 0, 0.005F);
}

// Four slots of 0.5 -/+ `spread` each, and a residual of 0.1.
TEST(FinishPainting, LimitsTheResidualToWhatTheReferencesDoubt) {
  const int side = 256;
  auto finished = [&](float spread, float doubt, bool adapted = false) {
    Guidance guidance{side, core::ImageF(side, side, kGuidancePlanes), {}};
    guidance.doubt = doubt;
    Painting painting{core::ImageF(side, side, kReferences, 0.25F), core::ImageF(side, side, 3, 0.1F), {}};
    for (int y = 0; y < side; ++y)
      for (int x = 0; x < side; ++x)
        for (int k = 0; k < kReferences; ++k)
          for (int c = 0; c < 3; ++c)
            guidance.planes.at(x, y, 6 + 4 * k + c) = 0.5F + (k % 2 == 0 ? spread : -spread);
    finish_painting(guidance, adapted, &painting);
    return painting.residual.at(side / 2, side / 2, 1);
  };
  EXPECT_EQ(finished(0, 1), 0);             // all of one opinion
  EXPECT_GT(finished(0, kNoLimit), 0.09F);  // but one picture alone says nothing of its error
  EXPECT_NEAR(finished(0.02F, 1), 0.75F * 0.02F, 1e-3F);
  EXPECT_NEAR(finished(0.02F, 3), 3 * 0.75F * 0.02F, 2e-3F);  // a mouth unlike theirs
  EXPECT_GT(finished(0.3F, 1), 0.09F);
  EXPECT_GT(finished(0, 1, true), 0.09F);  // who has learned this person knows better
}

TEST_F(RewiredGeneratorFile, Bfloat16AndFloat32Agree) {
  Painting full = paint(Precision::fp32), brain = paint(Precision::bf16),
           chosen = paint(Precision::automatic);
  EXPECT_LT(mean_difference(full.weights, brain.weights), 0.01);
  EXPECT_LT(mean_difference(full.residual, brain.residual), 0.01);
  EXPECT_EQ(mean_difference(chosen.weights, fast_bf16() ? brain.weights : full.weights), 0);
}

TEST_F(RewiredGeneratorFile, TwoThreadsPaintWhatOneDoes) {
  RewiredGenerator generator(path_);
  std::vector<Guidance> guidances;
  for (unsigned i = 0; i < 6; ++i) guidances.push_back(random_guidance(i, kSide));
  std::vector<Painting> serial(6), parallel(6);
  for (std::size_t i = 0; i < 6; ++i) generator.paint(guidances[i], &serial[i]);
  auto odd_or_even = [&](std::size_t first) {
    for (std::size_t i = first; i < 6; i += 2) generator.paint(guidances[i], &parallel[i]);
  };
  std::thread other(odd_or_even, 1);
  odd_or_even(0);
  other.join();
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(serial[i].weights.data, parallel[i].weights.data);
    EXPECT_EQ(serial[i].residual.data, parallel[i].residual.data);
  }
}

TEST_F(RewiredGeneratorFile, OtherSidesThanItsOwnArePaintedToo) {
  RewiredGenerator generator(path_);
  EXPECT_EQ(generator.side(), kSide);
  Painting painting;
  generator.paint(random_guidance(1, 128), &painting);
  EXPECT_EQ(painting.weights.width, 128);
  EXPECT_EQ(painting.residual.data.size(), 128U * 128 * 3);
}

TEST_F(RewiredGeneratorFile, WrongFilesAreRefused) {
  save("sync-former");
  EXPECT_THROW(RewiredGenerator{path_}, core::Error);
  std::ofstream(path_, std::ios::binary) << "rubbish";
  EXPECT_THROW(RewiredGenerator{path_}, core::Error);
  EXPECT_THROW(RewiredGenerator{"/nowhere/generator.safetensors"}, core::Error);
}

}  // namespace
}  // namespace resyncer::generator
