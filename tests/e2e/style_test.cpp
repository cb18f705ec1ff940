// Speaking styles and video-driven lip-sync on the real binary. Who speaks here is the portrait, which a
// render has given a voice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "e2e/footage.h"

namespace resyncer::testing {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class Styles : public ::testing::Test {
 protected:
  RunResult run_resyncer(std::vector<std::string> arguments) {
    return resyncer(arguments, {"XDG_CACHE_HOME=" + scratch.file("cache")});
  }
  std::string render(const std::string& out, const std::vector<std::string>& more) {
    std::vector<std::string> arguments{
        "render", portrait, "-o", scratch.file(out), "--renderer", "warp", "--video-codec", "ffv1", "-y"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const RunResult result = run_resyncer(arguments);
    EXPECT_EQ(result.status, 0) << result.err;
    return scratch.file(out);
  }
  std::vector<double> openings(const std::string& file) {
    const RunResult result = run_resyncer({"eval", "lips", file, "--json"});
    EXPECT_EQ(result.status, 0) << result.err;
    const json parsed = json::parse(result.out);
    std::vector<double> values;
    for (const json& v : parsed["clips"][0]["openings"]) values.push_back(v.is_null() ? 0 : v.get<double>());
    return values;
  }
  static double deviation(const std::vector<double>& v) {
    double sum = 0, squares = 0;
    for (double x : v) sum += x, squares += x * x;
    return std::sqrt(std::max(0., squares / double(v.size()) - std::pow(sum / double(v.size()), 2)));
  }
  std::string pixels(const std::string& file) { return raw_video(file, "yuv420p"); }

  ScratchFolder scratch;
  std::string portrait = make_portrait_clip(scratch, "v.mkv", 2.4), speech = make_speech(scratch, "s.wav");
};

TEST_F(Styles, AreTakenFromAClipAndSpokenIn) {
  const std::string speaker = render("speaker.mkv", {"-a", speech, "--mouth-gain", "1.6"});
  const std::string style = scratch.file("wide.style");
  RunResult made = run_resyncer({"style", "extract", speaker, "-o", style});
  ASSERT_EQ(made.status, 0) << made.err;
  EXPECT_THAT(made.out, HasSubstr("wide"));
  EXPECT_EQ(run_resyncer({"style", "extract", speaker, "-o", style}).status, 6) << "it is there already";

  const auto neutral = pixels(render("neutral.mkv", {"-a", speech, "--style", "neutral"}));
  EXPECT_EQ(pixels(render("none.mkv", {"-a", speech, "--style", style, "--style-strength", "0"})), neutral);
  const auto by_file = pixels(render("file.mkv", {"-a", speech, "--style", style}));
  EXPECT_NE(by_file, neutral);
  EXPECT_EQ(pixels(render("clip.mkv", {"-a", speech, "--style", speaker})), by_file);
  EXPECT_EQ(pixels(render("mixed.mkv", {"-a", speech, "--style", style, "--style", style, "--style-weight",
                                        "1", "--style-weight", "3"})),
            by_file);
}

TEST_F(Styles, WhatIsNoStyleIsRefused) {
  auto refused = [&](const std::vector<std::string>& more, int status, const std::string& why) {
    std::vector<std::string> arguments{"render", portrait, "-a", speech, "-o", scratch.file("out.mkv")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const RunResult result = run_resyncer(arguments);
    EXPECT_EQ(result.status, status) << result.err;
    EXPECT_THAT(result.err, HasSubstr(why));
    EXPECT_FALSE(std::filesystem::exists(scratch.file("out.mkv")));
  };
  refused({"--style", "nobody"}, 2, "neither a file nor a style");
  refused({"--style", "../motion"}, 2, "neither a file nor a style");
  std::ofstream(scratch.file("broken.style")) << "not a style";
  refused({"--style", scratch.file("broken.style")}, 4, "broken.style");
  refused({"--style", portrait}, 5, "too few frames show how this person speaks");
  refused({"--style", "neutral", "--style-weight", "1", "--style-weight", "2"}, 2, "one --style-weight");
  refused({"--style", "neutral", "--style-strength", "1.6"}, 2, "--style-strength");
  refused({"--style", "neutral", "--style", "neutral"}, 2, "cannot be mixed");
  refused({"--drive", portrait, "--style", "neutral"}, 2, "--style");
}

TEST_F(Styles, ADriversMouthIsFollowed) {
  const std::string driver = render("driver.mkv", {"-a", speech});
  const std::string result = render("driven.mkv", {"--drive", driver});
  const auto led = openings(driver), got = openings(result);
  ASSERT_EQ(got.size(), led.size());
  ASSERT_GT(deviation(led), 0.03) << "the driver speaks";
  double product = 0, mean_led = 0, mean_got = 0;
  const auto n = double(led.size());
  for (std::size_t i = 0; i < led.size(); ++i) mean_led += led[i] / n, mean_got += got[i] / n;
  for (std::size_t i = 0; i < led.size(); ++i) product += (led[i] - mean_led) * (got[i] - mean_got) / n;
  EXPECT_GT(product / (deviation(led) * deviation(got)), 0.9);
  // Its sound is the new track, unless another is named.
  EXPECT_EQ(packet_hashes(result, "a:0"), packet_hashes(driver, "a:0"));
  const std::string other = make_speech(scratch, "other.wav");
  EXPECT_EQ(packet_hashes(render("other.mkv", {"--drive", driver, "-a", other}), "a:0"),
            packet_hashes(other, "a:0"));
}

TEST_F(Styles, ADriverNeedsAFaceAndASound) {
  auto refused = [&](const std::vector<std::string>& more, int status, const std::string& why) {
    std::vector<std::string> arguments{"render", portrait, "-o", scratch.file("out.mkv")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const RunResult result = run_resyncer(arguments);
    EXPECT_EQ(result.status, status) << result.err;
    EXPECT_THAT(result.err, HasSubstr(why));
  };
  refused({}, 2, "there is no speech");
  refused({"--drive", portrait}, 3, "has no audio stream");
  refused({"--drive", portrait, "-a", speech}, 5, "too few frames show how this person speaks");
  refused({"--drive", scratch.file("missing.mp4"), "-a", speech}, 3, "missing.mp4");
}

TEST_F(Styles, TheGalleryIsListed) {
  const RunResult text = run_resyncer({"style", "list"}), listed = run_resyncer({"style", "list", "--json"});
  ASSERT_EQ(text.status, 0) << text.err;
  ASSERT_EQ(listed.status, 0) << listed.err;
  const json list = json::parse(listed.out);
  ASSERT_GE(list.size(), 4U);
  EXPECT_EQ(list[0]["name"], "neutral");
  for (std::size_t i = 1; i < list.size(); ++i) {
    EXPECT_THAT(text.out, HasSubstr(list[i]["name"].get<std::string>()));
    EXPECT_GT(list[i]["high"].get<double>(), list[i]["low"].get<double>());
    EXPECT_GT(list[i]["seconds"].get<double>(), 5);
  }
}

}  // namespace
}  // namespace resyncer::testing
