// The controls of a render on the real binary.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "e2e/footage.h"

namespace resyncer::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class Control : public ::testing::Test {
 protected:
  // Lossless, by the fast renderer: what is asked about is the motion.
  RunResult render(const std::string& out, const std::vector<std::string>& more,
                   const std::string& source = "") {
    std::vector<std::string> arguments{"render",
                                       source.empty() ? video : source,
                                       "-a",
                                       speech,
                                       "-o",
                                       scratch.file(out),
                                       "--renderer",
                                       "warp",
                                       "--video-codec",
                                       "ffv1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return resyncer(arguments, {"XDG_CACHE_HOME=" + scratch.file("cache")});
  }
  std::string pixels(const std::string& out, const std::vector<std::string>& more) {
    const RunResult result = render(out, more);
    EXPECT_EQ(result.status, 0) << result.err;
    return raw_video(scratch.file(out), "yuv420p");
  }
  std::vector<std::vector<double>> motion(const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"--motion-out", scratch.file("motion.json"), "-y"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const RunResult result = render("motion.mkv", arguments);
    EXPECT_EQ(result.status, 0) << result.err;
    std::ifstream stream(scratch.file("motion.json"));
    return json::parse(stream)["expression"];
  }
  std::string text_of(const std::string& name) {
    std::ifstream stream(scratch.file(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(scratch.file(name), std::ios::binary) << text;
  }

  ScratchFolder scratch;
  std::string video = make_portrait_clip(scratch, "v.mkv", 1.2), speech = make_speech(scratch, "s.wav");
  static constexpr std::size_t kFrame = 320 * 320 * 3 / 2, kFrames = 30;
};

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double most = 0;
  for (std::size_t i = 0; i < a.size(); ++i) most = std::max(most, std::abs(a[i] - b[i]));
  return most;
}

TEST_F(Control, GainsLeadFromRestToTwiceTheMotion) {
  const auto plain = motion({}), one = motion({"--mouth-gain", "1"}), zero = motion({"--mouth-gain", "0"}),
             half = motion({"--mouth-gain", "0.5"});
  ASSERT_EQ(plain.size(), kFrames);
  EXPECT_EQ(one, plain);
  std::ifstream stream(scratch.file("motion.json"));
  const std::vector<double> rest = json::parse(stream)["rest"];
  double moved = 0;
  for (std::size_t i = 0; i < kFrames; ++i) {
    EXPECT_EQ(zero[i], rest);
    std::vector<double> middle = rest;
    for (std::size_t k = 0; k < rest.size(); ++k) middle[k] = (rest[k] + plain[i][k]) / 2;
    EXPECT_LT(distance(half[i], middle), 1e-5);
    moved = std::max(moved, distance(plain[i], rest));
  }
  EXPECT_GT(moved, 0.3) << "the speech moves the mouth";
}

TEST_F(Control, TheOffsetMovesTheMouthAndNotTheSound) {
  const auto plain = motion({});
  const auto sound = packet_times(scratch.file("motion.mkv"), "a:0");
  const auto later = motion({"--offset-ms", "80"}), earlier = motion({"--offset-ms", "-80"});
  for (std::size_t i = 0; i + 2 < kFrames; ++i) {
    EXPECT_LT(distance(later[i + 2], plain[i]), 1e-5) << i;
    EXPECT_LT(distance(earlier[i], plain[i + 2]), 1e-5) << i;
  }
  EXPECT_EQ(packet_hashes(scratch.file("motion.mkv"), "a:0"), packet_hashes(speech, "a:0"));
  EXPECT_EQ(packet_times(scratch.file("motion.mkv"), "a:0"), sound);
}

TEST_F(Control, ASourceWithoutSoundHasNoOffsetAndItIsSaid) {
  const RunResult result = render("out.mkv", {"--offset-ms", "auto", "--stats", scratch.file("stats.json")});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("the source's own offset is not known, 0 is used: it has no sound"));
  EXPECT_TRUE(json::parse(text_of("stats.json"))["source_offset_ms"].is_null());
}

TEST_F(Control, SmoothingAndTheJawLimitCalmTheMotion) {
  auto roughness = [](const std::vector<std::vector<double>>& rows) {
    double sum = 0;
    for (std::size_t i = 1; i < rows.size(); ++i)
      for (std::size_t k = 0; k < rows[i].size(); ++k) sum += std::pow(rows[i][k] - rows[i - 1][k], 2);
    return sum;
  };
  const auto plain = motion({});
  EXPECT_EQ(motion({"--smooth", "0", "--jaw-max", "9"}), plain);
  const double rough = roughness(plain), calm = roughness(motion({"--smooth", "0.04"})),
               calmer = roughness(motion({"--smooth", "0.1"}));
  EXPECT_LT(calm, 0.8 * rough);
  EXPECT_LT(calmer, calm);
  EXPECT_NE(motion({"--jaw-max", "0.1"}), plain);
}

TEST_F(Control, ACurveRulesInItsTime) {
  write("c.csv", "time,gain\n0,1\n0.4,1\n0.8,0\n");
  const auto plain = motion({}), bent = motion({"--curve", scratch.file("c.csv")}),
             zero = motion({"--mouth-gain", "0"});
  for (std::size_t i = 0; i < 10; ++i) EXPECT_EQ(bent[i], plain[i]);
  for (std::size_t i = 20; i < kFrames; ++i) EXPECT_EQ(bent[i], zero[i]);
  write("c.csv", "time,gain\n0,1\n0.4,1\n0.2,0\n");
  const RunResult refused = render("no.mkv", {"--curve", scratch.file("c.csv")});
  EXPECT_EQ(refused.status, 3);
  EXPECT_THAT(refused.err, HasSubstr("c.csv, line 4: the times do not ascend"));
  EXPECT_FALSE(std::filesystem::exists(scratch.file("no.mkv")));
}

TEST_F(Control, OnlyTheFramesOfTheRangesAreRepainted) {
  const std::string source = raw_video(video, "yuv420p");
  const std::string out = pixels("out.mkv", {"--range", "0.2-0.4", "--range", "0.32-0.6", "--range",
                                             "0:01-0:02", "--stats", scratch.file("stats.json")});
  ASSERT_EQ(out.size(), source.size());
  for (std::size_t i = 0; i < kFrames; ++i) {
    const bool inside = (i >= 5 && i < 15) || i >= 25;
    EXPECT_EQ(out.compare(i * kFrame, kFrame, source, i * kFrame, kFrame) != 0, inside) << i;
  }
  EXPECT_EQ(json::parse(text_of("stats.json"))["repainted_frames"], 15);
  const RunResult refused = render("no.mkv", {"--range", "3-4"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.err, HasSubstr("no frame of the video lies in --range 3-4"));
}

TEST_F(Control, MotionExportedAndImportedGivesTheSameFrames) {
  const std::vector<std::string> controls{"--mouth-gain", "1.5",  "--offset-ms", "55",
                                          "--smooth",     "0.02", "--motion-out"};
  auto with = [&](const std::string& file) {
    std::vector<std::string> all = controls;
    all.push_back(scratch.file(file));
    return all;
  };
  const std::string out = pixels("out.mkv", with("take.json"));
  EXPECT_TRUE(pixels("in.mkv", {"--motion-in", scratch.file("take.json"), "--motion-out",
                                scratch.file("again.json")}) == out)
      << "the controls are in the file";
  EXPECT_EQ(text_of("again.json"), text_of("take.json"));

  EXPECT_TRUE(pixels("out2.mkv", with("take.pc2")) == out);
  EXPECT_TRUE(std::filesystem::exists(scratch.file("take.obj")));
  const std::string back = pixels("in2.mkv", {"--motion-in", scratch.file("take.pc2")});
  ASSERT_EQ(back.size(), out.size());
  int most = 0;
  for (std::size_t i = 0; i < out.size(); ++i)
    most = std::max(
        most, std::abs(int(static_cast<unsigned char>(out[i])) - int(static_cast<unsigned char>(back[i]))));
  EXPECT_LE(most, 1) << "float error";
}

TEST_F(Control, ACorrectedRowChangesItsFrameAlone) {
  const std::string out = pixels("out.mkv", {"--motion-out", scratch.file("take.json")});
  json take = json::parse(text_of("take.json"));
  take["expression"][12] = take["rest"];
  take["expression"][12][0] = 3;
  write("take.json", take.dump(2));  // as other programs write JSON
  const std::string corrected = pixels("in.mkv", {"--motion-in", scratch.file("take.json")});
  EXPECT_NE(corrected.compare(12 * kFrame, kFrame, out, 12 * kFrame, kFrame), 0);
  EXPECT_EQ(corrected.compare(0, 12 * kFrame, out, 0, 12 * kFrame), 0);
}

TEST_F(Control, AMotionThatDoesNotFitIsRefusedAndAWildOneIsPainted) {
  motion({});
  const std::string whole = text_of("motion.json");
  auto refusal = [&](const std::string& text) {
    write("bad.json", text);
    const RunResult result = render("no.mkv", {"--motion-in", scratch.file("bad.json")});
    EXPECT_EQ(result.status, 3);
    EXPECT_FALSE(std::filesystem::exists(scratch.file("no.mkv")));
    return result.err;
  };
  EXPECT_THAT(refusal(whole.substr(0, whole.size() / 2)), HasSubstr("it is no JSON"));
  json take = json::parse(whole);
  take["expression"].erase(0);
  EXPECT_THAT(refusal(take.dump()), HasSubstr("it has 29 rows, the video 30 frames"));
  take = json::parse(whole);
  take["face_model"] = std::string(64, '0');
  EXPECT_THAT(refusal(take.dump()), HasSubstr("another face model"));
  take = json::parse(whole);
  for (std::size_t i = 0; i < kFrames; ++i)
    for (auto& value : take["expression"][i]) value = i % 2 == 0 ? 50 : -50;
  write("wild.json", take.dump());
  const RunResult wild = render("wild.mkv", {"--motion-in", scratch.file("wild.json")});
  EXPECT_EQ(wild.status, 0) << wild.err;
  EXPECT_EQ(decode_errors(scratch.file("wild.mkv")), "");
}

TEST_F(Control, OfAPictureTheHeadIsStillAndTheMotionFitsTheSpeech) {
  const std::string picture = RESYNCER_SOURCE_DIR "/tests/data/astronaut.png";
  RunResult result =
      render("out.mkv", {"--head", "still", "--motion-out", scratch.file("take.json")}, picture);
  ASSERT_EQ(result.status, 0) << result.err;
  result = render("in.mkv", {"--motion-in", scratch.file("take.json")}, picture);
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_TRUE(raw_video(scratch.file("in.mkv"), "rgb24") == raw_video(scratch.file("out.mkv"), "rgb24"));
  result = render("no.mkv", {"--head", "still"});
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("--head still is for a picture"));
}

TEST_F(Control, NothingOfTheUsersIsOverwritten) {
  write("take.obj", "precious");
  const RunResult result = render("out.mkv", {"--motion-out", scratch.file("take.pc2"), "-n"});
  EXPECT_EQ(result.status, 6);
  EXPECT_THAT(result.err, HasSubstr("take.obj: exists already"));
  EXPECT_EQ(text_of("take.obj"), "precious");
  motion({});
  EXPECT_EQ(render("out.mkv", {"--motion-in", scratch.file("motion.json"), "--motion-out",
                               scratch.file("motion.json"), "-y"})
                .status,
            2);
}

}  // namespace
}  // namespace resyncer::testing
