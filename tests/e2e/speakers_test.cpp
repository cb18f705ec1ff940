// Several people who speak in one video, on the real binary.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "e2e/footage.h"

namespace resyncer::testing {
namespace {

using ::testing::HasSubstr;

// Two portraits side by side, 640 x 320.
class Speakers : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string one = make_portrait_clip(scratch, "one.mkv", 1.2);
    ASSERT_EQ(
        run({"ffmpeg", "-v", "error", "-i", one, "-vf", "split[a][b];[a][b]hstack", "-crf", "12", video})
            .status,
        0);
  }
  RunResult render(const std::string& out, const std::vector<std::string>& more) {
    std::vector<std::string> arguments{
        "render", video,           "-a",   speech, "-o", scratch.file(out), "--renderer",
        "warp",   "--video-codec", "ffv1", "-y"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return resyncer(arguments, {"XDG_CACHE_HOME=" + scratch.file("cache")});
  }
  // Of every frame, whether its left and its right half differ from the source's.
  std::vector<std::pair<bool, bool>> changed(const std::string& out) {
    const std::string before = raw_video(video, "gray"), after = raw_video(scratch.file(out), "gray");
    EXPECT_EQ(before.size(), after.size());
    std::vector<std::pair<bool, bool>> halves;
    for (std::size_t row = 0; (row + 1) * 640 <= std::min(before.size(), after.size()); ++row) {
      if (row % 320 == 0) halves.emplace_back(false, false);
      if (before.compare(row * 640, 320, after, row * 640, 320) != 0) halves.back().first = true;
      if (before.compare(row * 640 + 320, 320, after, row * 640 + 320, 320) != 0) halves.back().second = true;
    }
    return halves;
  }
  nlohmann::json provenance(const std::string& out) {
    std::ifstream stream(scratch.file(out + ".provenance.json"));
    return nlohmann::json::parse(stream);
  }
  void write(const std::string& name, const std::string& text) { std::ofstream(scratch.file(name)) << text; }

  ScratchFolder scratch;
  std::string video = scratch.file("two.mkv"), speech = make_speech(scratch, "s.wav");
};

TEST_F(Speakers, EachMovesTheirOwnFaceInTheirOwnTime) {
  const RunResult result =
      render("out.mkv", {"--speaker", "0-0.6:160,130:" + speech, "--speaker", "0.4-1.2:480,130:" + speech,
                         "--mask-out", scratch.file("m.mkv")});
  ASSERT_EQ(result.status, 0) << result.err;
  const auto halves = changed("out.mkv");
  ASSERT_EQ(halves.size(), 30U);
  for (std::size_t i = 0; i < 30; ++i) {
    EXPECT_EQ(halves[i].first, i < 15) << i;
    EXPECT_EQ(halves[i].second, i >= 10) << i;
  }
  const std::string mask = raw_video(scratch.file("m.mkv"), "gray");
  for (std::size_t x : {132U, 452U})  // both mouths of the frame in which both speak
    EXPECT_NE(mask[(12 * 320 + 120) * 640 + x], 0) << x;
  const nlohmann::json json = provenance("out.mkv");
  ASSERT_EQ(json["speakers"].size(), 2U);
  EXPECT_EQ(json["speakers"][1]["speech"]["name"], "s.wav");
  EXPECT_EQ(json["speakers"][1]["seconds"], nlohmann::json({0.4, 1.2}));
  EXPECT_EQ(json["speakers"][0]["face"]["at"], nlohmann::json({160, 130}));
  EXPECT_EQ(json["options"]["face"], nullptr);
}

// The track's time begins with the turn.
TEST_F(Speakers, ATurnOfTheWholeVideoIsTheRenderOfThatFace) {
  ASSERT_EQ(render("one.mkv", {"--face-at", "480,130"}).status, 0);
  ASSERT_EQ(render("turn.mkv", {"--speaker", "0-1.2:480,130:" + speech}).status, 0);
  EXPECT_EQ(raw_video(scratch.file("one.mkv"), "gray"), raw_video(scratch.file("turn.mkv"), "gray"));
  ASSERT_EQ(render("later.mkv", {"--speaker", "0.4-1.2:480,130:" + speech}).status, 0);
  EXPECT_NE(raw_video(scratch.file("later.mkv"), "gray").substr(20 * 640 * 320, 640 * 320),
            raw_video(scratch.file("turn.mkv"), "gray").substr(20 * 640 * 320, 640 * 320));
}

TEST_F(Speakers, ANarratorMovesNobodysLips) {
  write("map.toml",
        "[[speaker]]\nstart = 0\nend = \"0:00.6\"\nface = \"none\"\n\n"
        "[[speaker]]\nstart = 0.6\nend = 1.2\nface = [480, 130]\nspeech = \"s.wav\"\n");
  ASSERT_EQ(render("out.mkv", {"--speakers", scratch.file("map.toml")}).status, 0);
  const auto halves = changed("out.mkv");
  for (std::size_t i = 0; i < halves.size(); ++i) {
    EXPECT_FALSE(halves[i].first) << i;
    EXPECT_EQ(halves[i].second, i >= 15) << i;
  }
  ASSERT_EQ(render("none.mkv", {"--speaker", "0-2:none"}).status, 0);
  for (const auto& half : changed("none.mkv")) EXPECT_FALSE(half.first || half.second);
}

TEST_F(Speakers, TimesWithoutAFrameAreToldOf) {
  const RunResult result =
      render("out.mkv", {"--speaker", "8-9:160,130:" + speech, "--speaker", "1-9:480,130:" + speech});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("--speaker 8-9:160,130:"));
  EXPECT_THAT(result.err, HasSubstr("no frame lies in it: the result lasts 1.20 s"));
  EXPECT_THAT(result.err, HasSubstr("ends after the result, which lasts 1.20 s"));
  const auto halves = changed("out.mkv");
  for (std::size_t i = 0; i < halves.size(); ++i) {
    EXPECT_FALSE(halves[i].first) << i;
    EXPECT_EQ(halves[i].second, i >= 25) << i;
  }
}

TEST_F(Speakers, WhatIsNoMapIsRefused) {
  write("bad.json", R"([{"start": 0, "end": 1, "face": 0, "voice": "s.wav"}])");
  write("absent.toml", "[[speaker]]\nstart = 0\nend = 1\nface = 0\nspeech = \"none.wav\"\n");
  write("text.wav", "this is no sound");
  const std::vector<std::tuple<std::vector<std::string>, int, std::string>> cases = {
      {{"--speaker", "0-1"}, 2, "START-END:FACE:FILE"},
      {{"--speaker", "0-1:0:" + speech, "--speaker", "0.5-1:0:" + speech},
       2,
       "two turns of one face at 0.5 s"},
      {{"--speaker", "0-1:160,130:" + speech, "--speaker", "0.5-1:165,130:" + speech},
       2,
       "two turns of one face"},
      {{"--speaker", "0-1:7:" + speech}, 5, "the video has no such face; there are 0, 1"},
      {{"--speaker", "0-1:0:" + scratch.file("text.wav")}, 3, "text.wav"},
      {{"--speaker", "0-1:0:" + speech, "--face", "1"}, 2, "--face"},
      {{"--speakers", scratch.file("bad.json")}, 2, "bad.json, speaker 1: 'voice' is none of"},
      {{"--speakers", scratch.file("absent.toml")}, 3, "none.wav"}};
  for (const auto& [arguments, status, says] : cases) {
    const RunResult result = render("no.mkv", arguments);
    EXPECT_EQ(result.status, status) << says << result.err;
    EXPECT_THAT(result.err, HasSubstr(says));
    EXPECT_FALSE(std::filesystem::exists(scratch.file("no.mkv")));
  }
}

TEST_F(Speakers, NothingThatIsHeardIsOverwritten) {
  const std::string voice = make_speech(scratch, "voice.wav");
  write("map.toml", "[[speaker]]\nstart = 0\nend = 1\nface = 0\nspeech = \"voice.wav\"\n");
  for (const char* victim : {"voice.wav", "map.toml"})
    EXPECT_EQ(
        render("out.mkv", {"--speakers", scratch.file("map.toml"), "--stats", scratch.file(victim)}).status,
        2)
        << victim;
  EXPECT_EQ(render("out.mkv", {"--speaker", "0-1:0:" + voice, "--stats", voice}).status, 2);
}

TEST_F(Speakers, ABatchSeesThatASpeechOfTheMapHasChanged) {
  make_speech(scratch, "voice.wav");
  write("map.toml", "[[speaker]]\nstart = 0\nend = 0.4\nface = [160, 130]\nspeech = \"voice.wav\"\n");
  write("jobs.csv", "video,speech,output,speakers,renderer\ntwo.mkv,s.wav,dub.mkv,map.toml,warp\n");
  const std::vector<std::string> batch = {"batch", scratch.file("jobs.csv"), "--json"};
  const auto state = [&] {
    const RunResult result = resyncer(batch, {"XDG_CACHE_HOME=" + scratch.file("cache")});
    EXPECT_EQ(result.status, 0) << result.err;
    return nlohmann::json::parse(result.out)["jobs"][0]["state"].get<std::string>();
  };
  EXPECT_EQ(state(), "rendered");
  EXPECT_EQ(state(), "unchanged");
  ASSERT_EQ(run({"espeak-ng", "-w", scratch.file("voice.wav"), "Another word."}).status, 0);
  EXPECT_EQ(state(), "rendered");
}

}  // namespace
}  // namespace resyncer::testing
