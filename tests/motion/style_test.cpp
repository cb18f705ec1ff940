#include <gtest/gtest.h>

#include <Eigen/LU>
#include <cmath>
#include <fstream>

#include "motion/lip_opening.h"
#include "resyncer/core/error.h"
#include "resyncer/motion/sync_former.h"
#include "resyncer/nets/sync_former.h"
#include "support/scratch_folder.h"

namespace resyncer::motion {
namespace {

constexpr int kWidth = 6;
const Eigen::VectorXf kOpening = (Eigen::VectorXf(kWidth) << 0.05F, 0, -0.02F, 0, 0, 0).finished();

class Style : public testing::Test {
 protected:
  void SetUp() override {
    torch::manual_seed(11);
    torch::NoGradGuard no_grad;
    nets::SyncFormerConfig c;
    c.coefficients = kWidth, c.components = 4, c.audio = 16, c.width = 32, c.feed_forward = 48, c.history = 5,
    c.reach = 4;
    nets::MotionNetworks networks({80, c.audio, 4}, c);
    for (auto& p : networks.former->parameters()) p.add_(torch::randn_like(p) * 0.2);
    torch::Tensor basis = torch::randn({c.coefficients, c.components});
    networks.former->motion_basis.copy_(basis);
    networks.former->motion_from_mesh.copy_(torch::pinverse(basis));
    networks.former->opening.copy_(torch::tensor({0.05F, 0.F, -0.02F, 0.F, 0.F, 0.F}));
    networks.former->opening_at_rest.fill_(0.02F);
    networks.former->opening_deviation.fill_(0.1F);
    nets::save_motion_networks(path, networks, nets::Precision::full);
    former = std::make_unique<StyleSyncFormer>(path);
    // Sound that changes some times a second, as speech does.
    torch::Tensor pace = torch::rand({1, 16}) * 0.5 + 0.1, start = torch::rand({1, 16}) * 6;
    torch::Tensor values = 1.5 * torch::sin(torch::arange(600).unsqueeze(1) * pace + start);
    features = {600, 16, 50, std::vector<float>(values.data_ptr<float>(), values.data_ptr<float>() + 9600)};
  }

  // Somebody whose lips go from shut to `widest` and back, about a mouth of his own shape.
  static Coefficients talk(float widest, float shape, int frames = 120) {
    Coefficients meshes(frames, kWidth);
    for (int t = 0; t < frames; ++t) {
      meshes.row(t).setConstant(shape);
      meshes(t, 2) = 0;
      meshes(t, 0) = 0.5F * widest * (1 - float(std::cos(t * 0.3))) / 0.05F;
    }
    return meshes;
  }
  static StyleFootage footage(float widest, float shape, int frames = 120) {
    return {talk(widest, shape, frames), {}, Eigen::VectorXf::Zero(kWidth), 0, "clip.mp4"};
  }
  float span(const Coefficients& meshes) const {
    Eigen::VectorXf o = meshes * kOpening;
    std::sort(o.data(), o.data() + o.size());
    return o[o.size() * 9 / 10] - o[o.size() / 10];
  }
  Coefficients spoken(const Manner& manner) const {
    return former->predict(features, manner, {}, Eigen::VectorXf::Zero(kWidth), 0).expression;
  }
  Manner styled(const SpeakingStyle& style, float strength) const {
    Manner manner(talk(0.2F, 0.3F));
    manner.style = style;
    manner.strength = strength;
    return manner;
  }

  support::ScratchFolder folder;
  std::filesystem::path path = folder / "motion.safetensors";
  std::unique_ptr<StyleSyncFormer> former;
  core::FeatureSequence features;
};

TEST_F(Style, KnowsHowFarAndHowFastTheLipsGo) {
  const SpeakingStyle style = former->style_of({footage(0.4F, 0.1F)});
  EXPECT_NEAR(style.low, 0.01F, 0.01F);
  EXPECT_NEAR(style.middle, 0.2F, 0.02F);
  EXPECT_NEAR(style.high, 0.39F, 0.01F);
  EXPECT_NEAR(style.mean, 0.2F, 0.02F);
  EXPECT_NEAR(style.deviation, 0.2F / std::sqrt(2.F), 0.02F);
  EXPECT_NEAR(style.tempo, 2 * 25 * 0.3F / (2 * 3.14159F), 0.3F);
  EXPECT_NEAR(style.seconds, 120 / 25.F, 1e-4F);
  // Lips that seem to be open by something where they meet: the opening counts from there.
  StyleFootage apart = footage(0.4F, 0.1F);
  apart.rest[0] = 2;
  apart.rest_opening = 0.05F;
  EXPECT_NEAR(former->style_of({apart}).low, style.low - 0.05F, 1e-5F);
}

TEST_F(Style, IsNotWhoseMouthItIs) {
  const SpeakingStyle a = former->style_of({footage(0.4F, 0.1F)}),
                      b = former->style_of({footage(0.4F, 0.9F)});
  EXPECT_LT((a.token - b.token).norm(), 1e-3F);
  EXPECT_NEAR(a.high, b.high, 1e-5F);
}

TEST_F(Style, OfSeveralClipsIsTheMean) {
  const SpeakingStyle a = former->style_of({footage(0.2F, 0.1F)}),
                      b = former->style_of({footage(0.6F, 0.1F, 240)});
  const SpeakingStyle both = former->style_of({footage(0.2F, 0.1F), footage(0.6F, 0.1F, 240)});
  EXPECT_LT((both.token - (a.token + 2 * b.token) / 3).norm(), 1e-5F);
  EXPECT_GT(both.high, a.high);
  EXPECT_LE(both.high, b.high);
  EXPECT_THROW(former->style_of({footage(0.2F, 0.1F, 20)}), core::Error);
  EXPECT_THROW(former->style_of({}), core::Error);
}

TEST_F(Style, TheLipsOpenAsFarAsInTheStyle) {
  float before = 0;
  for (float widest : {0.1F, 0.3F, 0.6F}) {
    const Coefficients meshes = spoken(styled(former->style_of({footage(widest, 0.1F)}), 1));
    EXPECT_GT(span(meshes), before);
    before = span(meshes);
  }
  // One's own manner as a style is one's own manner.
  const Coefficients own = talk(0.3F, 0.3F);
  Manner manner(own);
  const Coefficients plain = spoken(manner);
  manner.style = former->style_of({{own, {}, Eigen::VectorXf::Zero(kWidth), 0, ""}});
  manner.style->tempo = 0;
  EXPECT_NEAR(span(spoken(manner)), span(plain), 0.1F * span(plain));
}

TEST_F(Style, StrengthGoesFromNeutralThroughTheStyleBeyond) {
  SpeakingStyle style = former->style_of({footage(0.9F, 0.1F)});
  const Coefficients neutral = spoken(styled({}, 1));
  style.tempo = 0;
  style.low = 0.02F, style.high = style.low + 1.3F * span(neutral);
  style.middle = 0.5F * (style.low + style.high);
  EXPECT_EQ(spoken(styled(style, 0)), neutral);
  EXPECT_EQ(spoken(styled({}, 0.5F)), neutral);
  float before = span(neutral);
  for (float strength : {0.5F, 1.F, 1.5F}) {
    const float now = span(spoken(styled(style, strength)));
    EXPECT_GT(now, before) << strength;
    before = now;
  }
}

// A slow and a quick movement of the lips, of which the quick one is what a tempo takes away or adds to.
TEST(Tempo, IsMatchedByWhatIsQuick) {
  Opening lips;
  lips.gradient = Eigen::VectorXf::Constant(1, 0.1F);
  Coefficients meshes(300, 1);
  for (int t = 0; t < 300; ++t) meshes(t, 0) = 2 * float(std::sin(t * 0.25)) + float(std::sin(t * 1.3));
  const std::vector<bool> active(300, true);
  auto tempo = [&](float wanted, float share) {
    Coefficients matched = meshes;
    match_tempo(lips, wanted, share, active, &matched);
    return tempo_of(matched * lips.gradient);
  };
  const float free = tempo(0, 1);
  for (float ratio : {0.85F, 1.1F}) {
    EXPECT_NEAR(tempo(ratio * free, 1), ratio * free, 0.05F * free);
    EXPECT_EQ(tempo(ratio * free, 0), free);
    EXPECT_NEAR(tempo(ratio * free, 0.5F), 0.5F * (1 + ratio) * free, 0.05F * free);
  }
  EXPECT_GT(tempo(0.1F * free, 1), 0.4F * free) << "within limits";
  EXPECT_EQ(tempo_of(Eigen::VectorXf::Zero(20)), 0);
  // Frames that do not count are moved like the others, but not asked.
  std::vector<bool> half(300, false);
  std::fill(half.begin(), half.begin() + 150, true);
  Coefficients longer = meshes;
  longer.bottomRows(150).setZero();
  match_tempo(lips, 0.85F * free, 1, half, &longer);
  EXPECT_NEAR(tempo_of(longer.topRows(150) * lips.gradient), 0.85F * free, 0.08F * free);
}

TEST_F(Style, OfAnotherModelIsRefused) {
  SpeakingStyle style = former->style_of({footage(0.6F, 0.1F)});
  style.token.conservativeResize(style.token.size() - 1);
  EXPECT_THROW(spoken(styled(style, 1)), core::Error);
}

TEST_F(Style, MixesByWeights) {
  const SpeakingStyle a = former->style_of({footage(0.2F, 0.1F)}),
                      b = former->style_of({footage(0.6F, 0.1F)});
  EXPECT_EQ(mix({a, b}, {2, 0}).token, a.token);
  const SpeakingStyle quarter = mix({a, b}, {3, 1});
  EXPECT_NEAR(quarter.high, 0.75F * a.high + 0.25F * b.high, 1e-6F);
  EXPECT_LT((quarter.token - (0.75F * a.token + 0.25F * b.token)).norm(), 1e-6F);
  const float nan = std::nanf("");
  for (const std::vector<float>& weights :
       {std::vector<float>{1}, {0, 0}, {-1, 2}, {nan, 1}, {INFINITY, 1}, {1, 1, 1}})
    EXPECT_THROW(mix({a, b}, weights), core::Error);
  EXPECT_THROW(mix({a, {}}, {1, 1}), core::Error);
  EXPECT_THROW(mix({}, {}), core::Error);
}

TEST_F(Style, FileKeepsIt) {
  const SpeakingStyle style = former->style_of({footage(0.4F, 0.1F)});
  const auto file = folder / "a.style";
  write_style(style, "abc", file);
  const SpeakingStyle back = read_style(file, "abc");
  EXPECT_EQ(back.token, style.token);
  EXPECT_EQ(
      std::tie(back.low, back.middle, back.high, back.mean, back.deviation, back.tempo, back.seconds),
      std::tie(style.low, style.middle, style.high, style.mean, style.deviation, style.tempo, style.seconds));
  EXPECT_THROW(read_style(file, "abd"), core::Error);
  SpeakingStyle wrong = style;
  wrong.high = std::nanf("");
  write_style(wrong, "abc", file);
  EXPECT_THROW(read_style(file, "abc"), core::Error);
  wrong.high = wrong.low - 1;
  write_style(wrong, "abc", file);
  EXPECT_THROW(read_style(file, "abc"), core::Error);
}

// Video-driven: the driver's motion about his mean on another mouth.
TEST_F(Style, TransferKeepsMotionAndNotTheShape) {
  const StyleFootage driver = footage(0.4F, 0.8F);
  const Coefficients own = talk(0.2F, 0.3F);
  const Eigen::VectorXf rest = own.row(0).transpose();
  const std::vector<bool> seen(120, true);
  const Coefficients led = former->transfer(driver.meshes, seen, driver, own, rest, 0).expression;
  const Eigen::VectorXf is = led * kOpening, was = driver.meshes * kOpening;
  // Half as wide as the driver's lips, like the target's, and they meet where the driver's do.
  EXPECT_LT((is - 0.5F * was).cwiseAbs().maxCoeff(), 1e-4F);
  // The shape that does not move is the target's.
  for (int k : {1, 3, 4, 5}) EXPECT_NEAR(led.col(k).mean(), own.col(k).mean(), 0.05F) << k;
  // A person driven by himself does what he did.
  const StyleFootage himself{own, {}, rest, 0, ""};
  EXPECT_LT((former->transfer(own, seen, himself, own, rest, 0).expression - own).cwiseAbs().maxCoeff(),
            1e-4F);
}

TEST_F(Style, TransferRestsWhereTheDriverIsNotSeen) {
  const StyleFootage driver = footage(0.4F, 0.8F);
  const Eigen::VectorXf rest = Eigen::VectorXf::Constant(kWidth, 0.1F);
  std::vector<bool> seen(120, true);
  std::fill(seen.begin() + 50, seen.begin() + 80, false);
  const Coefficients led = former->transfer(driver.meshes, seen, driver, {}, rest, 0).expression;
  for (int t = 56; t < 76; ++t) EXPECT_EQ(led.row(t).transpose(), rest) << t;
  EXPECT_NE(led.row(20).transpose(), rest);
  EXPECT_THROW(former->transfer(driver.meshes, {}, driver, {}, rest, 0), core::Error);
  EXPECT_THROW(former->transfer(driver.meshes, seen, footage(0.4F, 0.8F, 10), {}, rest, 0), core::Error);
}

}  // namespace
}  // namespace resyncer::motion
