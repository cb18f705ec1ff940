// Which frames of a source a result shows, and when.
#include "resyncer/pipeline/length_mode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "resyncer/core/error.h"

namespace resyncer::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

// Milliseconds; frames that last 40, 20, 60 and (as the one before) 60 of them, from 100 on.
SourceTimes uneven() { return source_times({100, 140, 160, 220}, {1, 1000}, {25, 1}); }

std::vector<std::pair<std::int64_t, std::int64_t>> shown(LengthMode mode, double speech_seconds,
                                                         std::int64_t* end = nullptr) {
  std::int64_t ignored = 0;
  std::vector<std::pair<std::int64_t, std::int64_t>> pairs;
  for (const ShownFrame& frame : shown_frames(uneven(), mode, speech_seconds, end ? end : &ignored))
    pairs.emplace_back(frame.source, frame.pts);
  return pairs;
}

TEST(LengthModeTest, AVideoIsShownOnceWhateverIsSaid) {
  std::int64_t end = 0;
  for (double speech : {0.0, 0.05, 10.0})
    EXPECT_THAT(shown(LengthMode::video, speech, &end),
                ElementsAre(Pair(0, 100), Pair(1, 140), Pair(2, 160), Pair(3, 220)));
  EXPECT_EQ(end, 280);
}

TEST(LengthModeTest, ShorterSpeechEndsAllOtherModes) {
  std::int64_t end = 0;
  for (LengthMode mode : {LengthMode::cut, LengthMode::loop, LengthMode::bounce, LengthMode::freeze}) {
    EXPECT_THAT(shown(mode, 0.055, &end), ElementsAre(Pair(0, 100), Pair(1, 140))) << name_of(mode);
    EXPECT_EQ(end, 160);
    EXPECT_THAT(shown(mode, 0, &end), ElementsAre(Pair(0, 100))) << "never without a picture";
  }
}

TEST(LengthModeTest, LongerSpeechEndsWithTheVideoWhereThatIsCut) {
  EXPECT_EQ(shown(LengthMode::cut, 9), shown(LengthMode::video, 0));
}

TEST(LengthModeTest, ALoopBeginsAgain) {
  std::int64_t end = 0;
  EXPECT_THAT(shown(LengthMode::loop, 0.25, &end), ElementsAre(Pair(0, 100), Pair(1, 140), Pair(2, 160),
                                                               Pair(3, 220), Pair(0, 280), Pair(1, 320)));
  EXPECT_EQ(end, 340);
}

TEST(LengthModeTest, ABounceIsItsOwnMirrorImageInTime) {
  std::int64_t end = 0;
  EXPECT_THAT(shown(LengthMode::bounce, 0.4, &end),
              ElementsAre(Pair(0, 100), Pair(1, 140), Pair(2, 160), Pair(3, 220),  //
                          Pair(3, 280), Pair(2, 340), Pair(1, 400), Pair(0, 420),  //
                          Pair(0, 460)));
  EXPECT_EQ(end, 500);
}

TEST(LengthModeTest, AFrozenFrameStaysAtItsRate) {
  EXPECT_THAT(shown(LengthMode::freeze, 0.3), ElementsAre(Pair(0, 100), Pair(1, 140), Pair(2, 160),
                                                          Pair(3, 220), Pair(3, 280), Pair(3, 340)));
}

TEST(LengthModeTest, TheEndIsWithinHalfAFrameOfTheSpeech) {
  std::vector<std::int64_t> pts;
  for (int i = 0; i < 50; ++i) pts.push_back(7 + 1001 * std::int64_t(i));
  const SourceTimes source = source_times(pts, {1, 30000}, {30000, 1001});
  for (LengthMode mode : {LengthMode::loop, LengthMode::bounce, LengthMode::freeze})
    for (double speech = 0.05; speech < 12; speech += 0.217) {
      std::int64_t end = 0;
      const auto frames = shown_frames(source, mode, speech, &end);
      EXPECT_NEAR(double(end - 7) / 30000, speech, 0.5 * 1001 / 30000 + 1e-9) << name_of(mode) << speech;
      for (std::size_t i = 1; i < frames.size(); ++i) EXPECT_EQ(frames[i].pts - frames[i - 1].pts, 1001);
    }
}

TEST(LengthModeTest, ASingleFrameLastsAsLongAsTheRateSays) {
  EXPECT_EQ(source_times({5}, {1, 1000}, {50, 1}).end, 25);
  EXPECT_EQ(source_times({5}, {1, 1000}, {0, 1}).end, 6);
}

TEST(LengthModeTest, MillionsOfFramesASecondAreRefused) {
  const SourceTimes source = source_times({0, 1}, {1, 1000000}, {25, 1});
  std::int64_t end = 0;
  EXPECT_EQ(shown_frames(source, LengthMode::cut, 3600, &end).size(), 2U);
  for (LengthMode mode : {LengthMode::loop, LengthMode::bounce, LengthMode::freeze})
    EXPECT_THROW((void)shown_frames(source, mode, 3600, &end), core::Error);
}

TEST(LengthModeTest, ShotsBeginWhereTheSourcesDoAndWhereTimeJumps) {
  std::int64_t end = 0;
  const auto loop = shown_frames(uneven(), LengthMode::loop, 0.35, &end);
  EXPECT_THAT(shown_shots(loop, {0, 2}), ElementsAre(0, 2, 4, 6));
  const auto bounce = shown_frames(uneven(), LengthMode::bounce, 0.4, &end);  // 0 1 2 3 3 2 1 0 0
  EXPECT_THAT(shown_shots(bounce, {0, 2}), ElementsAre(0, 2, 6));
  EXPECT_THAT(shown_shots(bounce, {0}), ElementsAre(0));
}

TEST(LengthModeTest, NamesAreTakenBack) {
  for (const char* name : {"video", "cut", "loop", "bounce", "freeze"})
    EXPECT_STREQ(name_of(*length_mode(name)), name);
  EXPECT_FALSE(length_mode("silence"));
}

}  // namespace
}  // namespace resyncer::pipeline
