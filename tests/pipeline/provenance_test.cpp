#include "resyncer/pipeline/provenance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "resyncer/core/error.h"
#include "resyncer/pipeline/content_hash.h"
#include "support/scratch_folder.h"

namespace resyncer::pipeline {
namespace {

using ::testing::HasSubstr;

struct Case {
  RenderOptions options;
  ModelSet models;
  RenderReport report;
  Ingredients ingredients;

  Case() {
    options.input = "/home/jane/v \xC3\xBC.mp4";
    options.speech = "s.wav";
    options.output = "out/dubbed.mp4";
    for (const char* id : {"face-model", "motion", "generator", "sync-judge"}) {
      ModelEntry entry;
      entry.id = id;
      entry.version = "7";
      entry.sha256 = std::string("hash of ") + id;
      models.entries.push_back(entry);
    }
    report.frames = 100;
    report.repainted_frames = 60;
    report.altered = {{0.5, 1.25}, {2, 3}};
    ingredients.video = {options.input, "aa"};
    ingredients.speech = {options.speech, "bb"};
  }
  nlohmann::json json(const std::string& time = "") const {
    return nlohmann::json::parse(provenance_json(options, models, report, ingredients, "cc", time));
  }
};

TEST(Provenance, TheFileStandsBesideTheResultUnderItsWholeName) {
  EXPECT_EQ(provenance_file("a b/dubbed.mp4"), "a b/dubbed.mp4.provenance.json");
  EXPECT_EQ(provenance_file("dubbed"), "dubbed.provenance.json");
}

TEST(Provenance, FramesWithoutABreakAreOneRange) {
  const std::vector<double> starts = {1, 1.5, 1.75, 2, 4, 4.5};
  auto ranges = [&](const std::vector<bool>& altered) {
    std::vector<std::pair<double, double>> found;
    for (const TimeRange& range : altered_ranges(altered, starts)) found.emplace_back(range.start, range.end);
    return found;
  };
  using Pairs = std::vector<std::pair<double, double>>;
  EXPECT_EQ(ranges({true, true, false, true, true}), (Pairs{{1, 1.75}, {2, 4.5}}));
  EXPECT_EQ(ranges({false, true, false, true, false}), (Pairs{{1.5, 1.75}, {2, 4}}));
  EXPECT_EQ(ranges({true, true, true, true, true}), (Pairs{{1, 4.5}}));
  EXPECT_EQ(ranges({false, false, false, false, false}), Pairs());
}

TEST(Provenance, TheFileSaysWhatWentInAndWhatWasAltered) {
  Case c;
  c.options.label = "KI";
  c.options.encoder.crf = 12;
  c.options.face.point = core::Point2(320, 200);
  auto json = c.json("2026-11-26T23:00:00Z");
  EXPECT_EQ(json["schema_version"], 1);
  EXPECT_EQ(json["tool"]["name"], "resyncer");
  EXPECT_EQ(json["time"], "2026-11-26T23:00:00Z");
  EXPECT_EQ(json["digitalSourceType"], kDigitalSourceType);
  EXPECT_EQ(json["result"], (nlohmann::json{{"name", "dubbed.mp4"}, {"sha256", "cc"}}));
  EXPECT_EQ(json["video"]["name"], "v \xC3\xBC.mp4") << "no folders";
  EXPECT_EQ(json["video"]["sha256"], "aa");
  EXPECT_TRUE(json["person"].is_null());
  EXPECT_EQ(json["altered"]["frames"], 60);
  EXPECT_EQ(json["altered"]["seconds"], nlohmann::json::parse("[[0.5, 1.25], [2.0, 3.0]]"));
  EXPECT_EQ(json["options"]["crf"], 12);
  EXPECT_EQ(json["options"]["label"], "KI");
  EXPECT_EQ(json["options"]["face"]["at"], nlohmann::json::parse("[320.0, 200.0]"));
  EXPECT_FALSE(json.contains("consent_note"));
}

TEST(Provenance, OnlyModelsThatWereUsedAreNamed) {
  Case c;
  c.ingredients.landmarks = {"/usr/share/dlib/l.dat", "dd"};
  auto ids = [](const nlohmann::json& json) {
    std::vector<std::string> found;
    for (const auto& model : json["models"]) found.push_back(model["id"]);
    return found;
  };
  EXPECT_THAT(ids(c.json()), ::testing::ElementsAre("face-model", "motion", "generator", "landmarks"));
  EXPECT_EQ(c.json()["models"][2]["sha256"], "hash of generator");
  c.options.renderer = Renderer::warp;
  EXPECT_THAT(ids(c.json()), ::testing::ElementsAre("face-model", "motion", "landmarks"));
}

TEST(Provenance, AnyTextComesBackFromTheFile) {
  Case c;
  for (const std::string& note :
       {std::string("\"},\"schema_version\":99,{\""), std::string("a\\b\n\r\t\x01\x1F\x7F</script>"),
        std::string("\xE2\x80\xA8\xF0\x9F\x91\x84 \xD8\xB9"), std::string(100000, '"')}) {
    c.options.consent_note = note;
    EXPECT_NO_THROW(check_consent_note(note));
    EXPECT_EQ(c.json()["consent_note"], note);
    EXPECT_EQ(c.json()["schema_version"], 1);
  }
  for (const char* note : {"\xFF", "a\xC3", "\xED\xA0\x80"}) {
    try {
      check_consent_note(note);
      ADD_FAILURE();
    } catch (const core::Error& error) {
      EXPECT_EQ(error.kind(), core::ErrorKind::usage);
    }
  }
  c.ingredients.video.file = "\xFF\xFE\".mp4";
  EXPECT_THAT(c.json()["video"]["name"].get<std::string>(), HasSubstr("\".mp4"))
      << "names of files may be any bytes";
}

TEST(Provenance, TheXmpPacketHoldsTheTerm) {
  const media::Statement statement = provenance_statement({});
  EXPECT_THAT(statement.xmp, ::testing::StartsWith("<?xpacket begin="));
  EXPECT_THAT(statement.xmp, ::testing::EndsWith("<?xpacket end=\"r\"?>"));
  EXPECT_THAT(statement.xmp,
              HasSubstr("<Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/"
                        "compositeWithTrainedAlgorithmicMedia</Iptc4xmpExt:DigitalSourceType>"));
  EXPECT_THAT(statement.tags.at("comment"),
              HasSubstr(std::string("digitalSourceType=") + kDigitalSourceType));
}

TEST(Provenance, TheCommentSaysWhatWasAltered) {
  RenderOptions options;
  auto comment = [&] { return provenance_statement(options).tags.at("comment"); };
  options.speech = "s.wav";
  EXPECT_THAT(comment(), HasSubstr(": the mouth was repainted to another speech;"));
  options.identity = "face.png";
  EXPECT_THAT(comment(), HasSubstr(": the face was replaced by another person's, with another speech;"));
  options.speech.clear();
  EXPECT_THAT(comment(), HasSubstr(": the face was replaced by another person's;"));
}

TEST(Provenance, EveryIngredientIsHashedToItsEnd) {
  support::ScratchFolder folder;
  RenderOptions options;
  options.input = folder / "v";
  options.speech = folder / "s";
  options.tracker.landmark_model = folder / "l";
  for (const char* name : {"v", "s", "l", "p"}) std::ofstream(folder / name) << std::string(3000000, name[0]);
  const Ingredients all = hash_ingredients(options, folder / "p");
  for (const Ingredient& each : {all.video, all.speech, all.landmarks, all.person})
    EXPECT_EQ(each.sha256, content_hash(each.file)) << each.file;
  EXPECT_EQ(all.person.file, folder / "p");

  options.speech.clear();
  options.identity = folder / "v";
  const Ingredients swap = hash_ingredients(options, "");
  EXPECT_EQ(swap.speech.sha256, "") << "the footage's own sound is kept";
  ASSERT_EQ(swap.identity.size(), 1U);
  EXPECT_EQ(swap.identity[0].sha256, all.video.sha256);
  options.identity.clear();
  options.speech = folder / "s";

  std::filesystem::remove(folder / "l");
  const Ingredients fewer = hash_ingredients(options, "");
  EXPECT_EQ(fewer.landmarks.sha256, "") << "an analysis out of the cache needs none";
  EXPECT_EQ(fewer.person.sha256, "");
  std::filesystem::remove(folder / "s");
  EXPECT_THROW(hash_ingredients(options, ""), core::Error);
}

}  // namespace
}  // namespace resyncer::pipeline
