#include "resyncer/batch/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "resyncer/core/error.h"

namespace resyncer::batch {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Values = std::vector<std::string>;

std::vector<Row> csv(const std::string& text) { return parse_manifest(text, ManifestFormat::csv, "m.csv"); }
std::vector<Row> jsonl(const std::string& text) {
  return parse_manifest(text, ManifestFormat::jsonl, "m.jsonl");
}
std::vector<Row> toml(const std::string& text) {
  return parse_manifest(text, ManifestFormat::toml, "m.toml");
}

Values values(const Row& row, const std::string& name) {
  for (const Field& field : row.fields)
    if (field.name == name) return field.values;
  return {};
}

std::string refusal(const std::function<void()>& read) {
  try {
    read();
  } catch (const core::Error& e) {
    EXPECT_EQ(e.kind(), core::ErrorKind::usage);
    return e.what();
  }
  return "";
}

TEST(Csv, QuotesBlanksAndLineEnds) {
  const auto rows =
      csv("\xEF\xBB\xBFvideo , speech,label\r\n"
          "\r\n"
          "a.mp4 ,  b.wav, \"says \"\"no\"\", twice\n or more\" \r\n"
          "c.mp4,,5\" screen\n"
          "\" d.mp4\",e.wav,");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_THAT(values(rows[0], "video"), ElementsAre("a.mp4"));
  EXPECT_THAT(values(rows[0], "speech"), ElementsAre("b.wav"));
  EXPECT_THAT(values(rows[0], "label"), ElementsAre("says \"no\", twice\n or more"));
  EXPECT_THAT(values(rows[1], "speech"), ElementsAre());
  EXPECT_THAT(values(rows[1], "label"), ElementsAre("5\" screen"));
  EXPECT_THAT(values(rows[2], "video"), ElementsAre(" d.mp4"));
  EXPECT_THAT((std::vector<int>{rows[0].line, rows[1].line, rows[2].line}), ElementsAre(3, 5, 6));
  EXPECT_THAT((std::vector<int>{rows[0].number, rows[1].number, rows[2].number}), ElementsAre(1, 2, 3));
}

TEST(Csv, AColumnTwiceIsAList) {
  const auto rows = csv("video,style,style\na.mp4,calm,lively\nb.mp4,,lively\n");
  EXPECT_THAT(values(rows[0], "style"), ElementsAre("calm", "lively"));
  EXPECT_THAT(values(rows[1], "style"), ElementsAre("lively"));
}

TEST(Csv, ABrokenRowIsItsOwnFault) {
  const auto rows = csv("video,speech\na.mp4\nb.mp4,c.wav,d\n\"e\"f,g\nh.mp4,i.wav\n");
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0].fault, "1 cells for 2 columns");
  EXPECT_EQ(rows[1].fault, "3 cells for 2 columns");
  EXPECT_THAT(rows[2].fault, HasSubstr("closing quote"));
  EXPECT_EQ(rows[3].fault, "");
}

TEST(Csv, WhatIsNoManifestIsRefused) {
  EXPECT_THAT(refusal([] { csv(""); }), HasSubstr("no jobs"));
  EXPECT_THAT(refusal([] { csv("video,speech\n"); }), HasSubstr("no jobs"));
  EXPECT_THAT(refusal([] { csv("video,,speech\na,b,c\n"); }), HasSubstr("name the columns"));
  EXPECT_THAT(refusal([] { csv("video\n\"a.mp4\n"); }), HasSubstr("m.csv line 2: a quote is never closed"));
  EXPECT_THAT(refusal([] { csv(std::string("video\na\0b\n", 10)); }), HasSubstr("NUL"));
}

TEST(Manifest, LimitsRowsAndTheirLength) {
  std::string many = "video\n";
  for (std::size_t i = 0; i <= kMostRows; ++i) many += "a\n";
  EXPECT_THAT(refusal([&] { csv(many); }), HasSubstr("more than 100000 jobs"));
  EXPECT_THAT(csv("video,label\na," + std::string(kMostRowBytes, 'x') + "\n")[0].fault, HasSubstr("longer"));
}

TEST(Jsonl, TextsNumbersTruthAndLists) {
  const auto rows = jsonl(
      "{\"video\": \"a.mp4\", \"crf\": 18, \"adapt\": 1.5, \"keep-audio\": true, \"style\": [\"calm\", "
      "\"lively\"], "
      "\"label\": null}\n\n{\"video\": \"b\xC3\xBC.mp4\"}");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_THAT(values(rows[0], "crf"), ElementsAre("18"));
  EXPECT_THAT(values(rows[0], "adapt"), ElementsAre("1.5"));
  EXPECT_THAT(values(rows[0], "keep-audio"), ElementsAre("true"));
  EXPECT_THAT(values(rows[0], "style"), ElementsAre("calm", "lively"));
  EXPECT_THAT(values(rows[0], "label"), ElementsAre());
  EXPECT_EQ(rows[1].line, 3);
}

TEST(Jsonl, ABrokenLineIsItsOwnFault) {
  const auto rows = jsonl(
      "{\"video\": \"a.mp4\"}\n{\"video\": \n[1]\n{\"video\": \"a\", \"video\": \"b\"}\n{\"video\": {}}\n"
      "{\"video\": \"a\\u0000b\"}\n" +
      std::string(100000, '['));
  ASSERT_EQ(rows.size(), 7U);
  for (std::size_t i = 1; i < rows.size(); ++i) EXPECT_NE(rows[i].fault, "") << i;
  EXPECT_THAT(rows[3].fault, HasSubstr("'video' occurs twice"));
  EXPECT_THAT(rows[5].fault, HasSubstr("NUL"));
  EXPECT_THAT(refusal([] { jsonl("video,speech\na,b\n"); }), HasSubstr("no line is a JSON object"));
}

TEST(Toml, DefaultsAreExtended) {
  const auto rows = toml(
      "[defaults]\nvideo = \"talk.mp4\"\ncrf = 20\nstyle = [\"calm\"]\n"
      "[[job]]\nspeech = \"de.wav\"\n[[job]]\nspeech = \"fr.wav\"\ncrf = 10\nadapt = 0.5\nkeep-audio = "
      "false\n");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_THAT(values(rows[0], "video"), ElementsAre("talk.mp4"));
  EXPECT_THAT(values(rows[0], "crf"), ElementsAre("20"));
  EXPECT_THAT(values(rows[0], "style"), ElementsAre("calm"));
  EXPECT_THAT(values(rows[1], "crf"), ElementsAre("10"));
  EXPECT_THAT(values(rows[1], "adapt"), ElementsAre("0.5"));
  EXPECT_THAT(values(rows[1], "keep-audio"), ElementsAre("false"));
  EXPECT_EQ(rows[1].line, 7);
}

TEST(Toml, LettersBeyondAsciiStandInQuotes) {
  const auto rows =
      toml("[[job]] # \xC3\xBC\nvideo = \"\\\"\xC3\xBC\"\nlabel = \'\'\'\'\xC9\xBF\'\'\'\'\nname = \"\"\n");
  EXPECT_THAT(values(rows[0], "video"), ElementsAre("\"\xC3\xBC"));
  EXPECT_THAT(values(rows[0], "label"), ElementsAre("\'\xC9\xBF\'"));
  EXPECT_THAT(refusal([] { toml("[[job]]\na\xC9\xBF = 1\n"); }), HasSubstr("m.toml:2: "));
}

TEST(Toml, WhatIsNoManifestIsRefused) {
  EXPECT_THAT(refusal([] { toml("[[job]]\nvideo = \n"); }),
              AllOf(HasSubstr("m.toml:2: "), HasSubstr("has to be TOML")));
  EXPECT_THAT(refusal([] { toml("jobs = 3\n"); }), HasSubstr("unknown key 'jobs'"));
  EXPECT_THAT(refusal([] { toml("job = 3\n"); }), HasSubstr("[[job]]"));
  EXPECT_THAT(refusal([] { toml("defaults = 3\n"); }), HasSubstr("no table"));
  EXPECT_NE(toml("[[job]]\nvideo = 1979-05-27\n")[0].fault, "");
}

TEST(Manifest, FormatFollowsNameThenContent) {
  EXPECT_EQ(guess_format("a.toml", "{"), ManifestFormat::toml);
  EXPECT_EQ(guess_format("a.ndjson", "video"), ManifestFormat::jsonl);
  EXPECT_EQ(guess_format("-", "\n {\"video\""), ManifestFormat::jsonl);
  EXPECT_EQ(guess_format("-", "video,speech"), ManifestFormat::csv);
}

}  // namespace
}  // namespace resyncer::batch
