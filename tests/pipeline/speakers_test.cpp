// What a speaker map may say, and how it is refused.
#include "resyncer/pipeline/speakers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "resyncer/core/error.h"
#include "support/scratch_folder.h"

namespace resyncer::pipeline {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kToml = SpeakerMapFormat::toml;
constexpr auto kJson = SpeakerMapFormat::json;

// "usage: WHAT IS SAID", or "read".
template <typename Read>
std::string refusal(Read read) {
  try {
    read();
    return "read";
  } catch (const core::Error& error) {
    return (error.kind() == core::ErrorKind::usage   ? "usage: "
            : error.kind() == core::ErrorKind::input ? "input: "
                                                     : "other: ") +
           std::string(error.what());
  }
}
std::string refusal_of_turn(const std::string& text) {
  return refusal([&] { parse_speaker(text); });
}
std::string refusal_of_map(const std::string& text, SpeakerMapFormat format) {
  return refusal([&] { parse_speaker_map(text, format, "map"); });
}

TEST(ParseSpeaker, ReadsEveryKindOfFace) {
  const Speaker number = parse_speaker("0-12.5:1:anna.wav");
  EXPECT_EQ(number.range.start, 0);
  EXPECT_EQ(number.range.end, 12.5);
  EXPECT_EQ(number.face->index, 1);
  EXPECT_EQ(number.speech, "anna.wav");
  EXPECT_EQ(number.place, "--speaker 0-12.5:1:anna.wav");
  EXPECT_EQ(*parse_speaker("0-1:320.5,-2:a").face->point, core::Point2(320.5F, -2));
  const Speaker box = parse_speaker("0-1:10,20,30,45:a");
  EXPECT_EQ(box.face->box->left, 10);
  EXPECT_EQ(box.face->box->height(), 25);
  EXPECT_FALSE(parse_speaker("0-1:none:narrator.wav").face);
  EXPECT_TRUE(parse_speaker("0-1:none").speech.empty());
}

TEST(ParseSpeaker, ColonsOfTimesAndFilesAreKeptApart) {
  const Speaker minutes = parse_speaker("0:50-1:10.5:2:a.wav");
  EXPECT_EQ(minutes.range.start, 50);
  EXPECT_EQ(minutes.range.end, 70.5);
  EXPECT_EQ(minutes.face->index, 2);
  const Speaker hours = parse_speaker("1:00:00-1:00:02:0:a.wav");
  EXPECT_EQ(hours.range.end, 3602);
  EXPECT_EQ(hours.speech, "a.wav");
  const Speaker seconds = parse_speaker("0-5:10:a:1:2-3.wav");
  EXPECT_EQ(seconds.range.end, 5);
  EXPECT_EQ(seconds.face->index, 10);
  EXPECT_EQ(seconds.speech, "a:1:2-3.wav");
  EXPECT_EQ(parse_speaker("0-5:10:none").range.end, 310);
}

TEST(ParseSpeaker, WhatIsNoTurnIsRefused) {
  for (const char* text :
       {"", "0-1", "0:1:a", "-", ":", "0-:0:a", "-1:0:a", "a-1:0:a", "0-1x:0:a", "nan-1:0:a"})
    EXPECT_THAT(refusal_of_turn(text), AllOf(HasSubstr("usage: "), HasSubstr("START-END:FACE:FILE"))) << text;
  for (const char* text : {"0-1:x:a", "0-1::a", "0-1:-1:a", "0-1:1.5:a", "0-1:1,:a", "0-1:1,2,3:a",
                           "0-1:nan,0:a", "0-1:30,0,10,9:a", "0-1:99999999:a", "0-1: 1:a"})
    EXPECT_THAT(refusal_of_turn(text), AllOf(HasSubstr("usage: "), HasSubstr("no face"))) << text;
  for (const char* text : {"1-1:0:a", "2-1:none"})
    EXPECT_THAT(refusal_of_turn(text), HasSubstr("ends before it begins")) << text;
  EXPECT_THAT(refusal_of_turn("0-9999999:0:a"), HasSubstr("its time"));
  for (const char* text : {"0-1:0", "0-1:0:"})
    EXPECT_THAT(refusal_of_turn(text), HasSubstr("a face needs a speech file")) << text;
}

TEST(SpeakerMap, TomlAndJsonSayTheSame) {
  const auto toml = parse_speaker_map(R"(
[[speaker]]
start = 0
end = "1:02.5"
face = "none"
[[speaker]]
start = 2.5
end = 3
face = [10, 20.5]
speech = "de/anna.wav"
[[speaker]]
start = 4
end = 5
face = 3
speech = "/abs.wav"
)",
                                      kToml, "in/map.toml");
  const std::string list = R"([{"start": 0, "end": "1:02.5", "face": "none"},
    {"start": 2.5, "end": 3, "face": [10, 20.5], "speech": "de/anna.wav"},
    {"start": 4, "end": 5, "face": 3, "speech": "/abs.wav"}])";
  for (const auto& turns : {toml, parse_speaker_map(list, kJson, "in/map.toml"),
                            parse_speaker_map("{\"speaker\": " + list + "}", kJson, "in/map.toml")}) {
    ASSERT_EQ(turns.size(), 3U);
    EXPECT_FALSE(turns[0].face);
    EXPECT_EQ(turns[0].range.end, 62.5);
    EXPECT_EQ(*turns[1].face->point, core::Point2(10, 20.5F));
    EXPECT_EQ(turns[1].speech, "in/de/anna.wav");
    EXPECT_EQ(turns[1].place, "in/map.toml, speaker 2");
    EXPECT_EQ(turns[2].face->index, 3);
    EXPECT_EQ(turns[2].speech, "/abs.wav");
  }
}

TEST(SpeakerMap, WrongEntriesAreNamed) {
  const std::string before = R"([{"start": 0, "end": 1, "face": "none"}, )";
  for (const auto& [entry, says] : std::vector<std::pair<std::string, std::string>>{
           {"7", "is no table"},
           {R"({"start": 0, "end": 1})", "'face' is missing"},
           {R"({"start": 0, "end": 1, "face": 0, "voice": "a"})", "'voice' is none of"},
           {R"({"start": true, "end": 1, "face": 0})", "'start' is no time"},
           {R"({"start": 0, "end": "soon", "face": 0})", "'end' is no time"},
           {R"({"start": -1, "end": 1, "face": "none"})", "its time is none"},
           {R"({"start": 2, "end": 1, "face": "none"})", "ends before it begins"},
           {R"({"start": 0, "end": 1, "face": null})", "'face' is no number"},
           {R"({"start": 0, "end": 1, "face": [1, 2, 3]})", "'face' is no number"},
           {R"({"start": 0, "end": 1, "face": [1, "2"]})", "'face' is no number"},
           {R"({"start": 0, "end": 1, "face": -1, "speech": "a"})", "'-1' is no face"},
           {R"({"start": 0, "end": 1, "face": 1e300, "speech": "a"})", "is no face"},
           {R"({"start": 0, "end": 1, "face": 0})", "needs a speech file"},
           {R"({"start": 0, "end": 1, "face": 0, "speech": 1})", "'speech' is no file's name"},
           {R"({"start": 0, "end": 1, "face": 0, "speech": "a\u0000b"})", "zero byte"}})
    EXPECT_THAT(refusal_of_map(before + entry + "]", kJson),
                AllOf(HasSubstr("usage: "), HasSubstr("map, speaker 2"), HasSubstr(says)))
        << entry;
  EXPECT_THAT(refusal_of_map("[[speaker]]\nstart = nan\nend = 1\nface = 'none'\n", kToml),
              HasSubstr("its time"));
  EXPECT_THAT(refusal_of_map("[[speaker]]\nstart = 1979-05-27\nend = 1\nface = 'none'\n", kToml),
              HasSubstr("'start' is no time"));
}

TEST(SpeakerMap, WhatIsNoMapIsRefused) {
  EXPECT_THAT(refusal_of_map("[[speaker", kToml), AllOf(HasSubstr("input: "), HasSubstr("map:1")));
  for (const std::string& text :
       {std::string(), std::string("[{"), std::string(5000, '['),
        R"({"speaker": [{"start": [[[1]]]}]})" + std::string(), std::string("[1e999]")})
    EXPECT_THAT(refusal_of_map(text, kJson), AllOf(HasSubstr("input: "), HasSubstr("no JSON"))) << text;
  for (const char* text : {"[]", "7", "{}", R"({"speaker": {}})"})
    EXPECT_THAT(refusal_of_map(text, kJson), HasSubstr("no list of speakers")) << text;
  for (const char* text : {"", "speaker = 1", "[speaker]\nstart = 1\n"})
    EXPECT_THAT(refusal_of_map(text, kToml), HasSubstr("no list of speakers")) << text;
  EXPECT_THAT(refusal_of_map("speakers = 1", kToml), HasSubstr("unknown key 'speakers'"));
  EXPECT_THAT(refusal_of_map(R"({"speaker": [], "a": 1})", kJson), HasSubstr("unknown key 'a'"));
  EXPECT_THAT(refusal_of_map(R"([{"start": 0, "start": 1}])", kJson), HasSubstr("'start' stands twice"));
  std::string many = "[";
  for (int i = 0; i < 10001; ++i) many += "0,";
  EXPECT_THAT(refusal_of_map(many + "0]", kJson), HasSubstr("more than 10000"));
}

TEST(SpeakerMap, OnlyOrdinaryFilesOfTwoFormatsAreRead) {
  support::ScratchFolder scratch;
  const auto read = [&](const std::string& name) {
    return refusal([&] { read_speaker_map(scratch / name); });
  };
  std::ofstream(scratch / "large.toml") << std::string((1 << 20) + 1, '#');
  std::filesystem::create_directory(scratch / "folder.json");
  EXPECT_THAT(read("map.yaml"), HasSubstr("neither a .toml nor a .json"));
  EXPECT_THAT(read("none.toml"), AllOf(HasSubstr("input: "), HasSubstr("no such")));
  EXPECT_THAT(read("folder.json"), AllOf(HasSubstr("input: "), HasSubstr("no ordinary file")));
  EXPECT_THAT(read("large.toml"), AllOf(HasSubstr("input: "), HasSubstr("too large")));
}

TEST(OrderTurns, SortsAndRefusesOverlapsOfOneFaceAlone) {
  std::vector<Speaker> turns = {parse_speaker("2-3:0:c"), parse_speaker("0-2:0:a"), parse_speaker("1-5:1:b"),
                                parse_speaker("1-5:none"), parse_speaker("2-9:none")};
  order_turns(&turns);
  EXPECT_EQ(turns[0].speech, "a");
  EXPECT_EQ(turns[1].speech, "b");
  EXPECT_EQ(turns[4].range.end, 9);
  turns.push_back(parse_speaker("1.5-2:0:d"));
  EXPECT_THAT(refusal([&] { order_turns(&turns); }),
              AllOf(HasSubstr("usage: "), HasSubstr("two turns of one face at 1.5 s"), HasSubstr("0-2:0:a"),
                    HasSubstr("1.5-2:0:d")));
}

TEST(SpeechFiles, AreThoseOfATurnOrOfAMap) {
  support::ScratchFolder scratch;
  std::ofstream(scratch / "m.json") << R"([{"start": 0, "end": 1, "face": 0, "speech": "a.wav"},
    {"start": 0, "end": 1, "face": "none"}, {"start": 0, "end": 1, "face": 1, "speech": "/b.wav"}])";
  EXPECT_THAT(speech_files("speakers", "m.json", scratch.path()), ElementsAre(scratch / "a.wav", "/b.wav"));
  EXPECT_THAT(speech_files("speaker", "0-1:0:a.wav", scratch.path()), ElementsAre(scratch / "a.wav"));
  EXPECT_THAT(speech_files("speaker", "0-1:none", scratch.path()), IsEmpty());
  EXPECT_THAT(speech_files("speaker", "nothing", scratch.path()), IsEmpty());
  EXPECT_THAT(speech_files("speakers", "none.json", scratch.path()), IsEmpty());
  EXPECT_THAT(speech_files("style", "m.json", scratch.path()), IsEmpty());
}

}  // namespace
}  // namespace resyncer::pipeline
