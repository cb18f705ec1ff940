// A microphone that passes before the mouth, on the real binary: those frames stay the source's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "e2e/footage.h"

namespace resyncer::testing {
namespace {

using ::testing::HasSubstr;

constexpr int kSide = 320, kFrames = 90, kFirst = 36, kStay = 20, kWay = 5;
constexpr std::size_t kFrame = kSide * kSide * 3 / 2;

// How far below its place the microphone is in this frame, px; it is not there from 100 on.
double below(int frame) {
  const int since = frame - kFirst, until = kFirst + kStay - frame;
  return since < 0 ? 20. * -since : until < 0 ? 20. * -until : 0;
}

// A dark ball with a handle, before the portrait's mouth.
void draw_microphone(double down, unsigned char* frame) {
  constexpr double kX = 135, kY = 122, kBall = 24, kHandle = 8;
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x) {
      const double dx = x - kX, dy = y - kY - down;
      if (std::hypot(dx, dy) > kBall && !(std::abs(dx) < kHandle && dy > 0)) continue;
      frame[y * kSide + x] = static_cast<unsigned char>(40 - dx / 4);
      for (int plane : {0, 1})
        frame[kSide * kSide + plane * kSide * kSide / 4 + y / 2 * (kSide / 2) + x / 2] = 128;
    }
}

TEST(Covered, FramesBehindAMicrophoneStayAsTheyWereAndAreReported) {
  ScratchFolder scratch;
  std::string samples =
      raw_video(make_portrait_clip(scratch, "plain.mkv", kFrames / 25., "25", {"-c:v", "ffv1"}), "yuv420p");
  ASSERT_EQ(samples.size(), kFrames * kFrame);
  for (int i = 0; i < kFrames; ++i)
    if (below(i) <= 20 * kWay)
      draw_microphone(below(i), reinterpret_cast<unsigned char*>(&samples[std::size_t(i) * kFrame]));
  const std::string video = make_clip_of(scratch, "v.mkv", samples, "320x320");
  const RunResult result =
      resyncer({"render", video, "-a", make_speech(scratch, "s.wav"), "-o", scratch.file("out.mkv"),
                "--renderer", "warp", "--video-codec", "ffv1", "--stats", scratch.file("stats.json")},
               {"XDG_CACHE_HOME=" + scratch.file("cache")});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("1 stretch keeps its own mouth"));
  const std::string out = raw_video(scratch.file("out.mkv"), "yuv420p");
  ASSERT_EQ(out.size(), samples.size());
  for (int i = 0; i < kFrames; ++i) {
    const bool same =
        out.compare(std::size_t(i) * kFrame, kFrame, samples, std::size_t(i) * kFrame, kFrame) == 0;
    const bool behind = i >= kFirst && i < kFirst + kStay, far = i < kFirst - 15 || i > kFirst + kStay + 15;
    if (behind || far) {
      EXPECT_EQ(same, behind) << i;
    }
  }
  const auto kept = nlohmann::json::parse(std::ifstream(scratch.file("stats.json")))["kept"];
  ASSERT_EQ(kept.size(), 1U) << kept;
  EXPECT_EQ(kept[0]["why"], "covered");
  EXPECT_NEAR(kept[0]["start"].get<double>(), kFirst / 25., 0.2);
  EXPECT_NEAR(kept[0]["end"].get<double>(), (kFirst + kStay) / 25., 0.2);

  const RunResult inspected =
      resyncer({"inspect", video, "--json"}, {"XDG_CACHE_HOME=" + scratch.file("cache")});
  ASSERT_EQ(inspected.status, 0) << inspected.err;
  const auto faces = nlohmann::json::parse(inspected.out)["faces"];
  ASSERT_EQ(faces.size(), 1U);
  ASSERT_GE(faces[0]["kept"].size(), 1U);
  EXPECT_EQ(faces[0]["kept"][0]["why"], "covered");
}

}  // namespace
}  // namespace resyncer::testing
