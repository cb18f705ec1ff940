// Adaptation to a person on the real binary.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "e2e/footage.h"
#include "resyncer/core/tensor_file.h"

namespace resyncer::testing {
namespace {

using ::testing::HasSubstr;

class Personalize : public ::testing::Test {
 protected:
  RunResult run(std::vector<std::string> arguments) {
    arguments.emplace_back("-q");
    return resyncer(arguments, {"XDG_CACHE_HOME=" + scratch.file("cache")});
  }
  static nlohmann::json read_json(const std::string& file) {
    std::ifstream stream(file);
    return nlohmann::json::parse(stream);
  }
  static std::string base_hash() {
    const auto manifest = read_json(RESYNCER_SOURCE_DIR "/models/manifest.json");
    for (const auto& model : manifest["models"])
      if (model["id"] == "generator") return model["sha256"];
    return "";
  }
  // A person whose residual is red everywhere.
  std::string red_person(const std::string& base) {
    std::vector<std::uint16_t> offset(7, 0);
    offset[4] = core::half_from_float(2);
    core::TensorFileWriter writer;
    writer.set_meta("kind", "person");
    writer.set_meta("version", "1");
    writer.set_meta("base", base);
    writer.add("generator.synthesis0.to_rgb.bias", core::DType::f16, {7}, offset.data());
    writer.write(scratch.file("red.safetensors"));
    return scratch.file("red.safetensors");
  }

  ScratchFolder scratch;
};

TEST_F(Personalize, LearnsFromAVideoAndResumes) {
  std::string video = make_portrait_clip(scratch, "v.mp4", 3), person = scratch.file("p.safetensors");
  const std::vector<std::string> command = {"personalize", video,     "-o",           person,
                                            "--steps",     "2",       "--checkpoint", scratch.file("state"),
                                            "--json",      "--until", "90%"};
  RunResult result = run(command);
  ASSERT_EQ(result.status, 0) << result.err;
  auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["steps"], 2);
  EXPECT_GT(json["frames"], 40);
  EXPECT_LT(json["frames"], 68);
  EXPECT_GT(json["held_out_frames"], 0);
  EXPECT_GT(json["before"]["psnr"], 10);
  EXPECT_GE(json["after"]["psnr"], json["improved"] ? json["before"]["psnr"].get<double>() : 0.0);
  EXPECT_EQ(core::TensorFile(person).tensors().empty(), !json["improved"]);

  EXPECT_EQ(run(command).status, 6) << "exists already";
  auto more = command;
  more[5] = "3";
  more.insert(more.end(), {"--resume", "-y"});
  result = run(more);
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(nlohmann::json::parse(result.out)["steps"], 3);
}

TEST_F(Personalize, APersonsFileChangesWhatIsPaintedAndBelongsToItsBase) {
  std::string video = make_portrait_clip(scratch, "v.mp4", 1), speech = make_speech(scratch, "s.wav");
  auto pixels = [&](const std::string& name, const std::vector<std::string>& more) {
    std::vector<std::string> command = {"render",           video,           "-a",  speech, "-o",
                                        scratch.file(name), "--video-codec", "ffv1"};
    command.insert(command.end(), more.begin(), more.end());
    RunResult result = run(command);
    EXPECT_EQ(result.status, 0) << result.err;
    return raw_video(scratch.file(name), "rgb24");
  };
  const std::string plain = pixels("plain.mkv", {}),
                    red = pixels("red.mkv", {"--person", red_person(base_hash())});
  ASSERT_EQ(plain.size(), red.size());
  double more_red = 0, more_blue = 0;
  for (std::size_t i = 0; i + 2 < plain.size(); i += 3) {
    more_red += double(std::uint8_t(red[i])) - double(std::uint8_t(plain[i]));
    more_blue += double(std::uint8_t(red[i + 2])) - double(std::uint8_t(plain[i + 2]));
  }
  EXPECT_GT(more_red, double(plain.size()) / 3 * 0.05);
  EXPECT_GT(more_red, 2 * std::abs(more_blue));

  const std::vector<std::string> command = {"render",  video, "-a", speech, "-o", scratch.file("out.mp4"),
                                            "--person"};
  auto refused = command;
  refused.push_back(red_person("0123"));
  RunResult result = run(refused);
  EXPECT_EQ(result.status, 4);
  EXPECT_THAT(result.err, HasSubstr("run resyncer personalize again"));
  refused.back() = RESYNCER_SOURCE_DIR "/models/motion.safetensors";
  EXPECT_EQ(run(refused).status, 4);
  refused.back() = scratch.file("none");
  EXPECT_EQ(run(refused).status, 4);
  EXPECT_FALSE(std::filesystem::exists(scratch.file("out.mp4")));
  refused.back() = red_person(base_hash());
  refused.insert(refused.end(), {"--renderer", "warp"});
  EXPECT_EQ(run(refused).status, 2);
}

TEST_F(Personalize, AnAdaptedRenderKeepsThePersonInTheCache) {
  std::string video = make_portrait_clip(scratch, "v.mp4", 1), speech = make_speech(scratch, "s.wav");
  auto stats = [&](const std::string& minutes) {
    RunResult result = run({"render", video, "-a", speech, "-o", scratch.file("out.mp4"), "-y", "--adapt",
                            minutes, "--stats", scratch.file("stats.json")});
    EXPECT_EQ(result.status, 0) << result.err;
    return read_json(scratch.file("stats.json"));
  };
  EXPECT_FALSE(stats("0.02")["person_cached"]);
  EXPECT_TRUE(stats("0.02")["person_cached"]);
  EXPECT_FALSE(stats("0.03")["person_cached"]);
  EXPECT_EQ(run({"render", video, "-a", speech, "-o", scratch.file("out.mp4"), "-y", "--adapt", "0.02",
                 "--no-cache"})
                .status,
            2);
}

TEST_F(Personalize, FootageThatIsTooShortIsRefused) {
  std::string video = make_portrait_clip(scratch, "v.mp4", 0.04);
  EXPECT_EQ(run({"personalize", video, "-o", scratch.file("p"), "--steps", "1"}).status, 3);
  EXPECT_FALSE(std::filesystem::exists(scratch.file("p")));
  EXPECT_EQ(run({"personalize", video, "-o", scratch.file("p"), "--until", "half"}).status, 2);
}

TEST_F(Personalize, TheVideoIsNeverOverwritten) {
  const std::string video = make_portrait_clip(scratch, "v.mp4", 1);
  const auto bytes = std::filesystem::file_size(video);
  EXPECT_EQ(run({"personalize", video, "-o", video, "-y", "--steps", "1"}).status, 2);
  EXPECT_EQ(
      run({"personalize", video, "-o", scratch.file("p"), "--checkpoint", video, "--steps", "1"}).status, 2);
  EXPECT_EQ(std::filesystem::file_size(video), bytes);
  EXPECT_FALSE(std::filesystem::exists(scratch.file("p")));
}

TEST_F(Personalize, AStretchIsMeasuredByItself) {
  std::string video = make_portrait_clip(scratch, "v.mp4", 4);
  auto frames = [&](const std::vector<std::string>& more) {
    std::vector<std::string> command = {"eval",     "generator", video,   "--json",
                                        "--frames", "200",       "--gap", "0.5"};
    command.insert(command.end(), more.begin(), more.end());
    RunResult result = run(command);
    EXPECT_EQ(result.status, 0) << result.err;
    return nlohmann::json::parse(result.out)["clips"][0]["frames"].get<int>();
  };
  EXPECT_NEAR(frames({"--from", "80%"}), 20, 1);
  EXPECT_NEAR(frames({"--from", "1", "--to", "1.4"}), 10, 1);
}

}  // namespace
}  // namespace resyncer::testing
