#include "resyncer/sync/judge.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "resyncer/core/error.h"
#include "resyncer/nets/sync_net.h"
#include "resyncer/sync/mouth.h"
#include "support/scratch_folder.h"

namespace resyncer::sync {
namespace {

// Speech of random directions at every half row; the mouth says what is heard `late` rows later.
SyncTrace made_up(int count, int late, unsigned seed, int context = 4) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  SyncTrace trace;
  trace.context = context;
  trace.count = count;
  trace.dims = 16;
  for (int h = 0; h < 2 * count; ++h) {
    std::vector<float> v(16);
    float norm = 0;
    for (float& x : v) x = normal(random), norm += x * x;
    for (float x : v) trace.speech.push_back(x / std::sqrt(norm));
  }
  trace.mouth.assign(std::size_t(count) * 16, 0.F);
  for (int k = 0; k < count; ++k)
    if (k + late >= 0 && k + late < count)
      std::copy_n(trace.speech.begin() + 2 * (k + late) * 16, 16, trace.mouth.begin() + k * 16);
  trace.seen.assign(std::size_t(count), true);
  return trace;
}

TEST(SyncReading, OffsetIsWhatTheSoundIsLateBy) {
  for (int late : {-15, -3, 0, 1, 14}) {
    auto reading = read(made_up(200, late, 3));
    ASSERT_TRUE(reading);
    EXPECT_EQ(reading->offset, late);
    EXPECT_NEAR(reading->best, 1, 0.1);
    EXPECT_NEAR(reading->confidence, 1, 0.15);
    ASSERT_FALSE(reading->windows.empty());
    for (double w : reading->windows) EXPECT_NEAR(w, 1, 0.4);  // the ends of the clip say nothing
  }
}

TEST(SyncReading, UnrelatedSoundGivesNoConfidence) {
  SyncTrace trace = made_up(500, 0, 3);
  trace.speech = made_up(500, 0, 4).speech;
  EXPECT_LT(read(trace)->confidence, 0.06);
}

TEST(SyncReading, MomentsWithoutAFaceDoNotCount) {
  SyncTrace trace = made_up(120, 2, 3);
  for (int k = 40; k < 60; ++k) {
    trace.seen[std::size_t(k)] = false;
    for (int i = 0; i < 16; ++i) trace.mouth[std::size_t(k * 16 + i)] = 100;
  }
  EXPECT_EQ(read(trace)->offset, 2);
  EXPECT_FALSE(score(trace, 40, 20, trace, 80));
  EXPECT_TRUE(score(trace, 30, 20, trace, 60));
  trace.seen.assign(trace.seen.size(), false);
  EXPECT_FALSE(read(trace));
  EXPECT_FALSE(read(SyncTrace{}));
}

TEST(SyncReading, TheSoundMayGoOnWithoutThePicture) {
  SyncTrace trace = made_up(900, 2, 3);
  std::fill(trace.seen.begin() + 120, trace.seen.end(), false);
  auto reading = read(trace);
  ASSERT_TRUE(reading);
  EXPECT_EQ(reading->offset, 2);
  EXPECT_EQ(reading->windows.size(), read(made_up(120, 2, 3))->windows.size());
}

TEST(SyncRanks, TruthIsAboveShiftedAndOtherSound) {
  std::vector<SyncTrace> clips = {made_up(150, 0, 1), made_up(66, 0, 2), made_up(90, 0, 3)};
  for (std::size_t own = 0; own < clips.size(); ++own) {
    RankFigures ranks = rank(clips, own);
    EXPECT_GT(ranks.windows, 3);
    EXPECT_EQ(ranks.above_shifted, ranks.windows);
    EXPECT_EQ(ranks.above_others, ranks.pairs);
    EXPECT_EQ(ranks.pairs % 2, 0);
  }
  EXPECT_EQ(rank({clips[0]}, 0).pairs, 0);
}

TEST(SyncRanks, ASourcesOwnOffsetCanBeTakenOff) {
  std::vector<SyncTrace> clips = {made_up(150, 4, 1), made_up(150, 0, 2)};
  RankFigures raw = rank(clips, 0), aligned = rank(clips, 0, 4);
  EXPECT_LT(raw.above_others, raw.pairs);
  EXPECT_GT(aligned.windows, 0);
  EXPECT_EQ(aligned.above_others, aligned.pairs);
  EXPECT_EQ(aligned.above_shifted, aligned.windows);
}

class Judge : public ::testing::Test {
 protected:
  Judge() {
    torch::manual_seed(7);
    config.coefficients = 4;
    config.width = 16;
    config.embedding = 8;
    config.blocks = 2;
  }

  SyncClip clip(int rows) const {
    std::mt19937 random(5);
    std::normal_distribution<float> normal;
    SyncClip c;
    c.rows = rows;
    c.seen.assign(std::size_t(rows), 1.F);
    for (int i = 0; i < rows * config.coefficients; ++i) c.meshes.push_back(normal(random));
    for (int i = 0; i < rows * kMouthHeight * kMouthWidth; ++i) c.mouths.push_back(std::uint8_t(random()));
    c.mel = {4 * rows, 80, 100, {}};
    for (int i = 0; i < 320 * rows; ++i) c.mel.values.push_back(normal(random));
    return c;
  }

  support::ScratchFolder folder;
  std::filesystem::path path = folder / "judge.safetensors";
  nets::SyncNetConfig config;
};

TEST_F(Judge, GivesUnitVectorsOfEveryMoment) {
  nets::save_sync_net(path, "sync-judge", nets::SyncNet(config));
  SyncTrace trace = SyncJudge(path).trace(clip(40));
  EXPECT_EQ(trace.context, 2);
  EXPECT_EQ(trace.count, 36);
  EXPECT_EQ(trace.dims, 8);
  ASSERT_EQ(trace.speech.size(), 2U * 36 * 8);
  for (int h = 0; h < 72; ++h) {
    double norm = 0;
    for (int i = 0; i < 8; ++i) norm += std::pow(trace.speech[std::size_t(8 * h + i)], 2);
    EXPECT_NEAR(norm, 1, 1e-3);
  }
  EXPECT_EQ(SyncJudge(path).trace(clip(4)).count, 0);
  EXPECT_EQ(SyncJudge(path).trace(clip(0)).count, 0);
}

// A row without a face spoils the moments that would know it, and no other.
TEST_F(Judge, UnseenRowsSpoilNothingElse) {
  nets::save_sync_net(path, "sync-judge", nets::SyncNet(config));
  SyncJudge judge(path);
  SyncClip one = clip(40), other = one;
  one.seen[20] = other.seen[20] = 0;
  for (int i = 0; i < 4; ++i) other.meshes[std::size_t(80 + i)] = 1000;
  SyncTrace a = judge.trace(one), b = judge.trace(other);
  for (int k = 0; k < a.count; ++k) {
    EXPECT_EQ(a.seen[std::size_t(k)], k < 16 || k > 20) << k;
    for (int i = 0; i < 8 && a.seen[std::size_t(k)]; ++i)
      EXPECT_NEAR(a.mouth[std::size_t(8 * k + i)], b.mouth[std::size_t(8 * k + i)], 1e-4) << k;
  }
}

// Then what a head does elsewhere in the clip does not matter here.
TEST_F(Judge, TheMeanMayBeThatOfTheRowsAround) {
  config.mean_reach = 5;
  config.banded = 1;
  nets::save_sync_net(path, "sync-judge", nets::SyncNet(config));
  SyncJudge judge(path);
  SyncClip one = clip(60), other = one;
  for (int i = 0; i < 4 * 60; ++i) other.meshes[std::size_t(i)] += i < 4 * 30 ? 0.F : 3.F;
  SyncTrace a = judge.trace(one), b = judge.trace(other);
  auto same = [&](int row) {
    const int k = row - a.context;
    double difference = 0;
    for (int i = 8 * k; i < 8 * k + 8; ++i)
      difference += std::abs(a.mouth[std::size_t(i)] - b.mouth[std::size_t(i)]);
    return difference < 1e-3;
  };
  const int reach = 5 + a.context + 1;  // a velocity knows one row more
  for (int row = a.context; row < 60 - a.context; ++row) {
    if (row < 30 - reach || row >= 30 + reach) {
      EXPECT_TRUE(same(row)) << row;
    }
  }
  EXPECT_FALSE(same(29));
  EXPECT_FALSE(same(30));
  one.seen[20] = other.seen[20] = 0;
  for (int i = 0; i < 4; ++i) one.meshes[std::size_t(80 + i)] = 1000;
  EXPECT_TRUE((a = judge.trace(one), b = judge.trace(other), same(20) && same(21)));
}

TEST_F(Judge, LightOfThePictureDoesNotMatter) {
  config.coefficients = 0;
  nets::save_sync_net(path, "sync-judge", nets::SyncNet(config));
  SyncJudge judge(path);
  EXPECT_EQ(judge.coefficient_count(), 0);
  ASSERT_TRUE(judge.needs_mouths());
  SyncClip bright = clip(20), dark = bright;
  dark.meshes.clear();
  for (auto& v : bright.mouths) v = std::uint8_t(v / 2 * 2);
  for (std::size_t i = 0; i < dark.mouths.size(); ++i)
    dark.mouths[i] = std::uint8_t(bright.mouths[i] / 2 + 60);
  SyncTrace a = judge.trace(bright), b = judge.trace(dark);
  for (std::size_t i = 0; i < a.mouth.size(); ++i) EXPECT_NEAR(a.mouth[i], b.mouth[i], 0.05);
}

TEST_F(Judge, OtherExtentsAndWeightsAreRefused) {
  nets::save_sync_net(path, "sync-judge", nets::SyncNet(config));
  SyncJudge judge(path);
  SyncClip wrong = clip(20);
  wrong.meshes.pop_back();
  EXPECT_THROW(judge.trace(wrong), core::Error);
  wrong = clip(20);
  wrong.mouths.clear();
  EXPECT_THROW(judge.trace(wrong), core::Error);
  wrong = clip(20);
  wrong.mel.dims = 40;
  EXPECT_THROW(judge.trace(wrong), core::Error);

  auto fault = [&](const std::string& kind) -> std::string {
    try {
      SyncJudge{path, kind};
    } catch (const core::Error& e) {
      EXPECT_EQ(e.kind(), core::ErrorKind::model);
      return e.what();
    }
    return "";
  };
  EXPECT_NE(fault("sync-expert").find("'sync-judge' file"), std::string::npos);
  nets::SyncNetConfig broad = config;
  broad.blocks = 8, broad.dilated = 1;  // hears more than two seconds
  nets::save_sync_net(path, "sync-judge", nets::SyncNet(broad));
  EXPECT_NE(fault("sync-judge").find("longer windows"), std::string::npos);
  nets::SyncNetConfig blind = config;
  blind.coefficients = blind.height = blind.width_px = 0;
  nets::save_sync_net(path, "sync-judge", nets::SyncNet(blind));
  EXPECT_NE(fault("sync-judge").find("do not fit together"), std::string::npos);
  nets::save_sync_net(path, "sync-judge", nets::SyncNet(config));
  std::filesystem::resize_file(path, 2000);
  EXPECT_NE(fault("sync-judge"), "");
}

}  // namespace
}  // namespace resyncer::sync
