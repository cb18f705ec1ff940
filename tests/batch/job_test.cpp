#include "resyncer/batch/job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "resyncer/batch/job_key.h"
#include "support/scratch_folder.h"

namespace resyncer::batch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;
using support::ScratchFolder;

void write(const fs::path& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }

std::vector<Job> jobs_of(const std::string& csv, const fs::path& folder = "/none/m",
                         const fs::path& output = "/none/o") {
  return make_jobs(parse_manifest(csv, ManifestFormat::csv, "m.csv"), {folder, output});
}

TEST(Jobs, TemplatesAndDefaults) {
  const auto jobs = jobs_of(
      "video,speech,output,name\n"
      "in/talk.MOV,de.wav,,\n"
      "in/talk.mov,de.wav,{speech}/{video}-{row}.mkv,\n"
      "/abs/face.png,../fr.wav,{name}.webm,face in {speech}\n");
  EXPECT_EQ(jobs[0].output, "/none/o/talk_de.mov");
  EXPECT_EQ(jobs[0].video, "/none/m/in/talk.MOV");
  EXPECT_EQ(jobs[0].name, "talk_de");
  EXPECT_EQ(jobs[1].output, "/none/o/de/talk-2.mkv");
  EXPECT_EQ(jobs[2].output, "/none/o/face in fr.webm");
  EXPECT_EQ(jobs[2].speech, "/none/fr.wav");
  for (const Job& job : jobs) EXPECT_FALSE(job.fault);
}

TEST(Jobs, TheCommandLineCarriesValuesThatLookLikeOptions) {
  const auto jobs =
      jobs_of("video,audio,label,keep-audio,style,style\na.mp4,b.wav,--no-cache,true,calm,lively\n");
  EXPECT_THAT(row_arguments(jobs[0]),
              ElementsAre("render", "/none/m/a.mp4", "--audio=/none/m/b.wav", "--label=--no-cache",
                          "--keep-audio=true", "--style=calm", "--style=lively", "--output=/none/o/a_b.mp4"));
}

TEST(Jobs, WrongRowsSaySo) {
  const auto fault = [](const std::string& csv) {
    const auto jobs = jobs_of(csv);
    return jobs[0].fault ? jobs[0].fault->message : "";
  };
  EXPECT_THAT(fault("speech\nb.wav\n"), HasSubstr("no video"));
  EXPECT_THAT(fault("video,output\na.mp4,{lang}.mp4\n"), HasSubstr("'{lang}' is no word"));
  EXPECT_THAT(fault("video,output\na.mp4,{video\n"), HasSubstr("never closed"));
  EXPECT_THAT(fault("video,output\na.mp4,dubs/\n"), HasSubstr("is a folder"));
  EXPECT_THAT(fault("video,models\na.mp4,/tmp\n"), HasSubstr("'models' is no option that a row can set"));
  EXPECT_THAT(fault("video,--crf\na.mp4,3\n"), HasSubstr("'--crf'"));
  EXPECT_THAT(fault("video,speech,audio\na.mp4,b.wav,c.wav\n"), HasSubstr("are the same"));
  EXPECT_THAT(fault("video,video\na.mp4,b.mp4\n"), HasSubstr("more than once"));
}

TEST(Jobs, NoneWritesWhatAnotherWritesOrReads) {
  const auto jobs = jobs_of(
      "video,speech,output,stats\n"
      "a.mp4,x.wav,one.mp4,\n"
      "a.mp4,y.wav,./d/../one.mp4,\n"
      "a.mp4,y.wav,../m/x.wav,\n"
      "a.mp4,y.wav,four.mp4,../o/one.mp4\n"
      "a.mp4,y.wav,five.mp4,\n");
  EXPECT_FALSE(jobs[0].fault);
  EXPECT_THAT(jobs[1].fault->message, HasSubstr("is written by row 1"));
  EXPECT_THAT(jobs[2].fault->message, HasSubstr("row 1 reads it"));
  EXPECT_THAT(jobs[3].fault->message, HasSubstr("is written by row 1"));
  EXPECT_FALSE(jobs[4].fault);
}

TEST(Jobs, AreCheckedBeforeAnythingRuns) {
  ScratchFolder scratch;
  write(scratch / "a.mp4", "a");
  write(scratch / "b.wav", "b");
  auto jobs = jobs_of("video,speech,crf\na.mp4,b.wav,1\na.mp4,none.wav,1\na.mp4,.,1\na.mp4,b.wav,99\n",
                      scratch.path());
  jobs[3].output += "x";
  jobs[3].fault.reset();  // the same output as the first
  check_jobs(&jobs, [](const std::vector<std::string>& row) -> std::optional<std::string> {
    if (std::find(row.begin(), row.end(), "--crf=99") != row.end()) return "99 is too much";
    return std::nullopt;
  });
  EXPECT_FALSE(jobs[0].fault);
  EXPECT_EQ(jobs[1].fault->kind, core::ErrorKind::input);
  EXPECT_THAT(jobs[1].fault->message, HasSubstr("none.wav: there is no such file"));
  EXPECT_EQ(jobs[2].fault->kind, core::ErrorKind::input);
  EXPECT_EQ(jobs[3].fault->kind, core::ErrorKind::usage);
}

class Key : public ::testing::Test {
 protected:
  Key() {
    write(scratch / "a.mp4", "video");
    write(scratch / "b.wav", "speech");
    write(scratch / "p.person", "person");
    fs::create_directory(scratch / "who");
    write(scratch / "who/1.png", "1");
  }
  std::string key(const std::string& options = "", const std::string& values = "",
                  const std::string& program = "p") {
    FileHashes hashes;
    const auto jobs = jobs_of("video,speech" + options + "\na.mp4,b.wav" + values + "\n", scratch.path());
    return job_key(jobs[0], scratch.path(), program, &hashes);
  }
  ScratchFolder scratch;
};

TEST_F(Key, FollowsContentsOptionsAndProgram) {
  const std::string before = key();
  EXPECT_EQ(key(), before);
  EXPECT_EQ(key(",threads", ",3"), before);
  EXPECT_NE(key(",crf", ",3"), before);
  EXPECT_NE(key("", "", "q"), before);
  EXPECT_NE(key(",label", ",a"), key(",label", ",b"));
  EXPECT_EQ(key(",label,crf", ",a,3"), key(",crf,label", ",3,a"));
  EXPECT_NE(key(",style,style", ",a,b"), key(",style,style", ",b,a"));
  write(scratch / "b.wav", "spEEch");
  EXPECT_NE(key(), before);
}

TEST_F(Key, FilesOfOptionsCountByContent) {
  const std::string before = key(",person,identity", ",p.person,who");
  write(scratch / "q.person", "person");
  EXPECT_EQ(key(",person,identity", ",q.person,who"), before);
  write(scratch / "p.person", "another");
  EXPECT_NE(key(",person,identity", ",p.person,who"), before);
  write(scratch / "who/2.png", "2");
  EXPECT_NE(key(",person,identity", ",q.person,who"), before);
}

TEST_F(Key, SpeechOfSpeakersCountsByContent) {
  write(scratch / "turn.wav", "voice");
  write(scratch / "map.json", R"([{"start": 0, "end": 1, "face": 0, "speech": "turn.wav"}])");
  const std::string map = key(",speakers", ",map.json"), turn = key(",speaker", ",0-1:0:turn.wav");
  EXPECT_NE(map, turn);
  EXPECT_EQ(key(",speakers", ",map.json"), map);
  write(scratch / "turn.wav", "Voice");
  EXPECT_NE(key(",speakers", ",map.json"), map);
  EXPECT_NE(key(",speaker", ",0-1:0:turn.wav"), turn);
  const std::string before = key(",speakers", ",map.json");
  write(scratch / "map.json", R"([{"start": 0, "end": 2, "face": 0, "speech": "turn.wav"}])");
  EXPECT_NE(key(",speakers", ",map.json"), before);
}

TEST_F(Key, WhatTheJobWritesIsNoInput) {
  const std::string before = key(",stats,mask-out", ",s.json,m.mkv");
  write(scratch / "s.json", "figures");
  write(scratch / "m.mkv", "mask");
  EXPECT_EQ(key(",stats,mask-out", ",s.json,m.mkv"), before);
}

TEST_F(Key, AFileIsReadAgainOnlyWhenItsStampChanges) {
  FileHashes hashes;
  const std::string right = hashes.of(scratch / "a.mp4");
  EXPECT_EQ(hashes.take_new().size(), 1U);
  hashes.remember(scratch / "a.mp4", {stamp_of(scratch / "a.mp4"), "from the journal"});
  EXPECT_EQ(hashes.of(scratch / "a.mp4"), "from the journal");
  EXPECT_EQ(hashes.take_new().size(), 0U);
  write(scratch / "a.mp4", "another");
  EXPECT_NE(hashes.of(scratch / "a.mp4"), right);
}

}  // namespace
}  // namespace resyncer::batch
