#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <set>

#include "resyncer/generator/reference_choice.h"

namespace resyncer::generator {
namespace {

constexpr int kSpeech = 6, kAll = 9;
const Eigen::Vector3f kFrontal(0, 0, 0);

BankEntry entry(double seconds, float jaw, const Eigen::Vector3f& angles = kFrontal, float sharpness = 1) {
  BankEntry e;
  e.seconds = seconds;
  e.expression = Eigen::VectorXf::Zero(kAll);
  e.expression[0] = jaw;
  e.angles = angles;
  e.openness = std::max(0.F, 0.2F * jaw);
  e.sharpness = sharpness;
  return e;
}

Eigen::VectorXf mouth(float jaw) { return entry(0, jaw).expression; }

std::vector<BankEntry> random_bank(int size, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<BankEntry> bank;
  for (int i = 0; i < size; ++i) {
    bank.push_back(entry(i, normal(random), {8 * normal(random), 8 * normal(random), 4 * normal(random)},
                         0.5F + std::abs(normal(random))));
    for (int k = 1; k < kAll; ++k) bank.back().expression[k] = normal(random);
  }
  return bank;
}

TEST(ChooseReferences, EmptyBankGivesNothingAndASingleEntryIsRepeated) {
  EXPECT_TRUE(choose_references({}, mouth(0), kSpeech, kFrontal, {}).empty());
  EXPECT_EQ(choose_references({entry(0, 1)}, mouth(0), kSpeech, kFrontal, {}),
            std::vector<int>(kReferences, 0));
}

TEST(ChooseReferences, NearestMouthsComeFirstInOrderAndTheWidestLast) {
  const std::vector<BankEntry> bank{entry(0, 5), entry(1, 1.1F), entry(2, 0.7F), entry(3, -3),
                                    entry(4, 1.5F)};
  EXPECT_EQ(choose_references(bank, mouth(1), kSpeech, kFrontal, {}), (std::vector<int>{1, 2, 4, 0}));
}

TEST(ChooseReferences, OnlyTheMouthsCoefficientsCount) {
  std::vector<BankEntry> bank{entry(0, 1), entry(1, 1.2F), entry(2, 1.4F), entry(3, 1.6F)};
  bank[0].expression[kSpeech] = 9;  // raised brows
  EXPECT_EQ(choose_references(bank, mouth(1), kSpeech, kFrontal, {})[0], 0);
}

TEST(ChooseReferences, AmongLikeMouthsThePoseDecidesThenSharpness) {
  std::vector<BankEntry> bank{entry(0, 1, {0, 25, 0}), entry(1, 1, {0, 4, 0}), entry(2, 1, {0, -12, 0})};
  EXPECT_EQ(choose_references(bank, mouth(1), kSpeech, kFrontal, {})[0], 1);
  bank = {entry(0, 1, kFrontal, 0.2F), entry(1, 1, kFrontal, 1), entry(2, 1, kFrontal, 0.5F)};
  EXPECT_EQ(choose_references(bank, mouth(1), kSpeech, kFrontal, {})[0], 1);
}

TEST(ChooseReferences, TheWidestMouthMustBeSharpAndSeenFromTheSameSide) {
  const std::vector<BankEntry> bank{entry(0, 5, kFrontal, 0.01F),
                                    entry(1, 4.8F),
                                    entry(2, 5, {0, 60, 0}),
                                    entry(3, 0),
                                    entry(4, 0.1F),
                                    entry(5, -0.1F)};
  EXPECT_EQ(choose_references(bank, mouth(0), kSpeech, kFrontal, {})[kReferences - 1], 1);
}

TEST(ChooseReferences, ExcludedSecondsAreNeverUsed) {
  const auto bank = random_bank(60, 3);
  ChoiceOptions options;
  options.exclude_from = 10;
  options.exclude_to = 40;
  const std::vector<int> held{20, 21, 22, 23};  // in use before, and now excluded
  for (int i : choose_references(bank, bank[25].expression, kSpeech, bank[25].angles, held, options))
    EXPECT_TRUE(i < 10 || i > 40) << i;
  options.exclude_to = 1000;
  options.exclude_from = -1;
  EXPECT_TRUE(choose_references(bank, mouth(0), kSpeech, kFrontal, {}, options).empty());
}

TEST(ChooseReferences, EntriesInUseStayWhileTheyAreNearlyAsGood) {
  const std::vector<BankEntry> bank{entry(0, 0), entry(1, 3), entry(2, -8), entry(3, 8), entry(4, 12)};
  auto chosen = choose_references(bank, mouth(1.45F), kSpeech, kFrontal, {});
  ASSERT_EQ(chosen[0], 0);
  chosen = choose_references(bank, mouth(1.55F), kSpeech, kFrontal, chosen);
  EXPECT_EQ(chosen[0], 0) << "a little nearer to the other one";
  chosen = choose_references(bank, mouth(2.6F), kSpeech, kFrontal, chosen);
  EXPECT_EQ(chosen[0], 1) << "now far nearer";
}

TEST(ChooseReferences, NoiseInTheMouthDoesNotMakeThemFlicker) {
  const auto bank = random_bank(100, 5);
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 0.05F);
  std::vector<int> chosen, last;
  int changes = 0, slots = 0;
  for (int frame = 0; frame < 200; ++frame) {
    Eigen::VectorXf expression = mouth(0.5F);
    for (int k = 0; k < kSpeech; ++k) expression[k] += normal(random);
    chosen = choose_references(bank, expression, kSpeech, kFrontal, last);
    if (frame > 0)
      for (std::size_t k = 0; k < chosen.size(); ++k) changes += chosen[k] != last[k], ++slots;
    last = chosen;
  }
  EXPECT_LE(changes, slots / 100);
}

TEST(ChooseReferences, WhenTheFirstIsLeftBehindTheNextMovesUp) {
  const std::vector<BankEntry> bank{entry(0, 9), entry(1, 1), entry(2, 1.1F), entry(3, 1.3F), entry(4, 15)};
  EXPECT_EQ(choose_references(bank, mouth(1), kSpeech, kFrontal, {0, 1, 2, 4}),
            (std::vector<int>{1, 2, 3, 4}));
}

TEST(ChooseReferences, NearSlotsAreDistinctAndTheAnswerRepeats) {
  const auto bank = random_bank(40, 9);
  for (int i = 0; i < 40; ++i) {
    const auto chosen = choose_references(bank, bank[std::size_t(i)].expression, kSpeech, kFrontal, {});
    ASSERT_EQ(chosen.size(), std::size_t(kReferences));
    EXPECT_EQ(std::set<int>(chosen.begin(), chosen.begin() + 3).size(), 3U);
    EXPECT_EQ(chosen, choose_references(bank, bank[std::size_t(i)].expression, kSpeech, kFrontal, {}));
  }
}

TEST(ChooseReferences, BadEntriesAndBadHistoryAreLegal) {
  auto bank = random_bank(8, 2);
  bank[0].expression.setConstant(std::numeric_limits<float>::quiet_NaN());
  bank[1].sharpness = -1;
  bank[2].sharpness = std::numeric_limits<float>::quiet_NaN();
  for (int i : choose_references(bank, mouth(0), kSpeech, kFrontal, {-1, 99, 0})) {
    EXPECT_GT(i, 0);
    EXPECT_LT(i, 8);
  }
}

TEST(Trust, TheNearestCountsMostAndDistanceCountsDown) {
  const std::vector<BankEntry> bank = {entry(0, 1), entry(1, 2), entry(2, 1, {16, 0, 0}), entry(3, 4)};
  const auto trust = reference_trust(bank, {0, 1, 2, 3}, mouth(1), Eigen::VectorXf::Ones(kSpeech), kFrontal);
  ASSERT_EQ(trust.size(), 4U);
  EXPECT_EQ(trust[0], 1);
  EXPECT_LT(trust[1], 0.3F);
  EXPECT_LT(trust[2], trust[1]);  // two pose units weigh more than one of expression
  EXPECT_LT(trust[3], trust[2]);
  EXPECT_GT(trust[3], 0);
  EXPECT_TRUE(reference_trust(bank, {}, mouth(1), Eigen::VectorXf::Ones(kSpeech), kFrontal).empty());
}

}  // namespace
}  // namespace resyncer::generator
