// The measurements on footage of people: here on the bundled portrait, moved gently.
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "e2e/footage.h"

namespace resyncer::testing {
namespace {

class Eval : public ::testing::Test {
 protected:
  nlohmann::json figures(const std::vector<std::string>& arguments) {
    std::vector<std::string> all{"eval"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    all.emplace_back("--json");
    RunResult result = resyncer(all);
    EXPECT_EQ(result.status, 0) << result.err;
    return nlohmann::json::parse(result.out, nullptr, false)["clips"][0];
  }

  ScratchFolder scratch;
};

TEST_F(Eval, MeshFitsAPortraitWhoseLipsKeepStill) {
  nlohmann::json f = figures({"mesh", make_portrait_clip(scratch, "v.mkv", 2)});
  EXPECT_EQ(f["frames"], 50);
  EXPECT_GT(f["reprojection_error"], 0);
  EXPECT_LT(f["reprojection_error"], 0.025);
  EXPECT_GT(f["still_frames"], 20);
  EXPECT_GT(f["lip_jitter"], 0);
  EXPECT_LT(f["lip_jitter"], 0.3) << "px at 256";
}

TEST_F(Eval, TheResultsLipsOpenAsTheSpeechAsks) {
  const std::string speech = make_speech(scratch, "speech.wav");
  nlohmann::json f = figures({"render", make_portrait_clip(scratch, "v.mkv", 3), "-a", speech});
  EXPECT_EQ(f["frames"], 75);
  EXPECT_GT(f["correlation"], 0.8);
  EXPECT_LE(std::abs(f["lag"].get<int>()), 1);
  EXPECT_NEAR(f["amplitude_ratio"].get<double>(), 1, 0.5);
}

TEST_F(Eval, WhatCannotBeMeasuredIsSaid) {
  const std::string clip = make_portrait_clip(scratch, "v.mkv", 1);
  for (const char* what : {"motion", "sync"}) {
    RunResult result = resyncer({"eval", what, clip});
    EXPECT_EQ(result.status, 3) << what;
    EXPECT_NE(result.err.find("no audio"), std::string::npos) << result.err;
  }
}

}  // namespace
}  // namespace resyncer::testing
