// What inspect says, and choosing a face by what it said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "e2e/footage.h"

namespace resyncer::testing {
namespace {

using ::testing::HasSubstr;

class Inspect : public ::testing::Test {
 protected:
  RunResult inspect(const std::string& file, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"inspect", file, "-q", "--no-cache"});
    return resyncer(more);
  }
  nlohmann::json inspect_json(const std::string& file) {
    RunResult result = inspect(file, {"--json"});
    EXPECT_EQ(result.status, 0) << result.err;
    return nlohmann::json::parse(result.out, nullptr, false);
  }

  ScratchFolder scratch;
};

TEST_F(Inspect, JsonTellsStreamsShotsAndFaces) {
  std::string clip = scratch.file("v.mkv");
  ASSERT_EQ(run({"ffmpeg", "-v", "error", "-i", make_portrait_clip(scratch, "silent.mkv", 1), "-i",
                 make_speech(scratch, "s.wav"), "-c:v", "copy", "-c:a", "flac", clip})
                .status,
            0);
  nlohmann::json j = inspect_json(clip);
  ASSERT_TRUE(j.is_object());
  EXPECT_EQ(j["file"], clip);
  EXPECT_THAT(j["container"].get<std::string>(), HasSubstr("matroska"));
  ASSERT_EQ(j["streams"].size(), 2U);
  EXPECT_EQ(j["streams"][0]["codec"], "h264");
  EXPECT_EQ(j["streams"][1]["type"], "audio");
  EXPECT_EQ(j["streams"][1]["channels"], 1);
  EXPECT_EQ(j["video"]["width"], 320);
  EXPECT_EQ(j["video"]["rotation_degrees"], 0);
  EXPECT_EQ(j["video"]["still_picture"], false);
  EXPECT_EQ(j["frames"], 25);
  EXPECT_EQ(j["shots_seconds"].size(), 1U);
  ASSERT_EQ(j["faces"].size(), 1U);
  const nlohmann::json& face = j["faces"][0];
  EXPECT_EQ(face["frames"], 25);
  EXPECT_TRUE(face["gaps_seconds"].empty());
  EXPECT_GT(face["mean_width_px"], 40);
  EXPECT_LT(face["mean_width_px"], 200);
  EXPECT_GT(j["estimated_seconds"], 0);
}

TEST_F(Inspect, ThumbnailsShowEveryFaceAndAreNotOverwritten) {
  const std::string one = make_portrait_clip(scratch, "one.mkv", 0.6), two = scratch.file("two.mkv"),
                    folder = scratch.file("faces/of two");
  ASSERT_EQ(run({"ffmpeg", "-v", "error", "-i", one, "-vf", "split[a][b];[a][b]hstack", two}).status, 0);
  const RunResult result = inspect(two, {"--json", "--thumbnails", folder});
  ASSERT_EQ(result.status, 0) << result.err;
  const nlohmann::json faces = nlohmann::json::parse(result.out)["faces"];
  ASSERT_EQ(faces.size(), 2U);
  for (const nlohmann::json& face : faces) {
    const std::string picture = face["thumbnail"];
    EXPECT_EQ(picture, folder + "/face-" + std::to_string(face["id"].get<int>()) + ".png");
    const RunResult seen = inspect(picture, {"--json"});
    ASSERT_EQ(seen.status, 0) << seen.err;
    EXPECT_EQ(nlohmann::json::parse(seen.out)["faces"].size(), 1U) << "a face fills the picture";
  }
  EXPECT_EQ(inspect(two, {"--thumbnails", folder}).status, 6);
  EXPECT_EQ(inspect(two, {"--thumbnails", folder, "-y"}).status, 0);
}

TEST_F(Inspect, TextNamesTheSame) {
  RunResult result = inspect(make_portrait_clip(scratch, "v.mp4", 1));
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.err, "");
  for (const char* part : {"stream 0: video h264", "picture 320x320 yuv420p, 25 frames, rotation 0",
                           "shots: 1", "face 0 (shot 0)", "0 gaps", "estimated time"})
    EXPECT_THAT(result.out, HasSubstr(part));
}

TEST_F(Inspect, APhonesPhotographStandsUpright) {
  nlohmann::json turned = inspect_json(make_phone_photo(scratch, "photo.jpg"));
  nlohmann::json upright = inspect_json(RESYNCER_SOURCE_DIR "/tests/data/astronaut.png");
  ASSERT_TRUE(turned.is_object() && upright.is_object());
  EXPECT_EQ(turned["video"]["still_picture"], true);
  EXPECT_EQ(turned["video"]["rotation_degrees"], 90);
  ASSERT_EQ(turned["faces"].size(), 1U);
  for (std::size_t i = 0; i < 4; ++i)
    EXPECT_NEAR(turned["faces"][0]["first_box"][i].get<double>(),
                upright["faces"][0]["first_box"][i].get<double>(), 12);
}

TEST_F(Inspect, ANoiseHasNoFaceAndAMissingFileIsRefused) {
  std::string noise = scratch.file("noise.mp4");
  ASSERT_EQ(
      run({"ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=160x120:rate=25", "-t", "1", noise})
          .status,
      0);
  EXPECT_TRUE(inspect_json(noise)["faces"].empty());
  EXPECT_EQ(inspect(scratch.file("missing.mp4")).status, 3);
}

TEST_F(Inspect, TheFaceThatItNamesCanBeChosen) {
  std::string clip = make_portrait_clip(scratch, "v.mp4", 0.4), speech = make_speech(scratch, "s.wav");
  auto render = [&](const std::string& option, const std::string& value) {
    return resyncer({"render", clip, "-a", speech, "-o", scratch.file("o.mp4"), "-q", "-y", "--renderer",
                     "warp", option, value},
                    {"XDG_CACHE_HOME=" + scratch.file("cache")});
  };
  nlohmann::json box = inspect_json(clip)["faces"][0]["first_box"];
  int left = box[0], top = box[1], right = box[2], bottom = box[3];
  std::string corners = std::to_string(left) + "," + std::to_string(top) + "," + std::to_string(right) + "," +
                        std::to_string(bottom);
  std::string middle = std::to_string((left + right) / 2) + "," + std::to_string((top + bottom) / 2);
  EXPECT_EQ(render("--face", "0").status, 0);
  EXPECT_EQ(render("--face-at", middle).status, 0);
  EXPECT_EQ(render("--face-box", corners).status, 0);

  for (auto [option, value] :
       {std::pair{"--face", "7"}, {"--face-at", "1,319"}, {"--face-box", "0,300,9,319"}}) {
    std::filesystem::remove(scratch.file("o.mp4"));
    EXPECT_EQ(render(option, value).status, 5) << option;
    EXPECT_FALSE(std::filesystem::exists(scratch.file("o.mp4"))) << option;
  }
  for (auto [option, value] : {std::pair{"--face", "-1"},
                               {"--face", "first"},
                               {"--face-at", "1"},
                               {"--face-at", "1,x"},
                               {"--face-box", "1,2,3"},
                               {"--face-box", "9,9,1,1"},
                               {"--face-at", "nan,1"}})
    EXPECT_EQ(render(option, value).status, 2) << option << " " << value;
}

}  // namespace
}  // namespace resyncer::testing
