#include "resyncer/batch/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <iterator>

#include "batch/standing.h"
#include "resyncer/core/error.h"
#include "support/scratch_folder.h"

namespace resyncer::batch {
namespace {

namespace fs = std::filesystem;
using support::ScratchFolder;
using ::testing::ElementsAre;

const std::string kKey(64, 'a'), kOther(64, 'b');

void write(const fs::path& file, const std::string& text, std::ios::openmode how = std::ios::trunc) {
  std::ofstream(file, std::ios::binary | how) << text;
}
std::string contents(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

class JournalTest : public ::testing::Test {
 protected:
  JournalTest() { write(output, "result"); }
  Job job() const {
    Job job;
    job.output = output;
    return job;
  }
  ScratchFolder scratch;
  fs::path file = scratch / ".resyncer-journal.jsonl", output = scratch / "o\xFFut.mp4";  // names are bytes
};

TEST_F(JournalTest, WhatIsWrittenIsReadAgain) {
  const HashedFile hash{{1, 2, 3, 4}, kOther};
  {
    Journal journal(file);
    journal.begin({output, scratch / "mask.mkv"});
    journal.hashed("/some/where", hash);
    journal.finish(output, {kKey, {describe_written(output)}, {"the mouth is covered", "\xFF"}});
  }
  const Journal again(file);
  ASSERT_EQ(again.content().done.count(output), 1U);
  EXPECT_EQ(again.content().done.at(output).key, kKey);
  EXPECT_THAT(again.content().done.at(output).warnings, ElementsAre("the mouth is covered", "\xEF\xBF\xBD"));
  EXPECT_THAT(again.content().ours, ElementsAre(scratch / "mask.mkv", output));
  EXPECT_EQ(again.content().hashes.at("/some/where").sha256, kOther);
  EXPECT_EQ(judge(job(), kKey, again.content(), {output}, false).standing, Standing::unchanged);
  EXPECT_EQ(judge(job(), kOther, again.content(), {output}, false).standing, Standing::run);
}

TEST_F(JournalTest, AHashThatIsTooYoungIsNotKept) {
  Journal journal(file);
  journal.hashed(output, {stamp_of(output), kOther});
  EXPECT_EQ(contents(file), "");
}

TEST_F(JournalTest, ResultsThatWereChangedOrAreGoneAreMadeAgain) {
  Journal journal(file);
  journal.finish(output, {kKey, {describe_written(output)}});
  fs::last_write_time(output, fs::file_time_type::clock::now() - std::chrono::hours(1));  // copied, say
  EXPECT_EQ(judge(job(), kKey, journal.content(), {output}, false).standing, Standing::unchanged);
  write(output, "rEsult");
  EXPECT_EQ(judge(job(), kKey, journal.content(), {output}, false).standing, Standing::run);
  fs::remove(output);
  EXPECT_EQ(judge(job(), kKey, journal.content(), {output}, false).standing, Standing::run);
}

TEST_F(JournalTest, ForeignFilesAreSpared) {
  Journal journal(file);
  const Verdict verdict = judge(job(), kKey, journal.content(), {scratch / "none", output}, false);
  EXPECT_EQ(verdict.standing, Standing::refused);
  EXPECT_EQ(verdict.in_the_way, output);
  EXPECT_EQ(judge(job(), kKey, journal.content(), {output}, true).standing, Standing::run);
  journal.begin({output});
  EXPECT_EQ(judge(job(), kKey, journal.content(), {output}, false).standing, Standing::run);
}

TEST_F(JournalTest, ATornLineCostsNoOther) {
  {
    Journal journal(file);
    journal.finish(output, {kKey, {describe_written(output)}});
  }
  const std::string whole = contents(file);
  write(file, whole + whole.substr(0, whole.size() / 2));
  Journal journal(file);
  EXPECT_EQ(journal.content().ignored_lines, 0);
  EXPECT_EQ(journal.content().done.size(), 1U);
  journal.begin({scratch / "next.mp4"});
  const Journal again(file);
  EXPECT_EQ(again.content().ignored_lines, 1);
  EXPECT_EQ(again.content().done.size(), 1U);
  EXPECT_EQ(again.content().ours.count(scratch / "next.mp4"), 1U);
}

TEST_F(JournalTest, HostileLinesAreIgnored) {
  JournalContent content;
  const std::string text =
      "\n[]\n7\n{}\n{\"event\":\"done\"}\n{\"event\":\"done\",\"output\":\"a\",\"key\":\"x\",\"files\":[]}"
      "\n" +
      std::string(1000, '[') +
      "\n{\"event\":\"begin\",\"files\":[\"\"]}\n{\"event\":\"begin\",\"files\":[[300]]}\n" +
      "{\"event\":\"hash\",\"path\":\"a\",\"bytes\":-1}\n\xFF\n" +
      "{\"event\":\"begin\",\"files\":[\"good\"]}\nno end";
  EXPECT_EQ(read_journal_text(text, "/f", &content), text.size() - 6);
  EXPECT_EQ(content.ignored_lines, 10);
  EXPECT_THAT(content.ours, ElementsAre(fs::path("/f/good")));
}

TEST_F(JournalTest, ShardsSeeEachOthersJournals) {
  Journal first(scratch / ".resyncer-journal.1-of-2.jsonl"),
      second(scratch / ".resyncer-journal.2-of-2.jsonl");
  first.finish(output, {kKey, {describe_written(output)}});
  EXPECT_EQ(second.content().done.size(), 0U);
  second.refresh();
  EXPECT_EQ(second.content().done.size(), 1U);
  EXPECT_EQ(Journal(file, Journal::Access::read).content().done.size(), 1U);
}

TEST_F(JournalTest, AClaimKeepsOthersOutUntilItGoes) {
  const Journal one(file), two(scratch / ".resyncer-journal.1-of-2.jsonl");
  auto claim = one.claim(output);
  EXPECT_TRUE(claim);
  EXPECT_FALSE(two.claim(output));
  EXPECT_TRUE(two.claim(scratch / "other.mp4"));
  claim.reset();
  EXPECT_TRUE(two.claim(output));
}

TEST_F(JournalTest, AClaimDiesWithItsProcess) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const Journal journal(file);
    const auto claim = journal.claim(output);
    (void)!::write(ready[1], "x", 1);
    ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  const Journal journal(file);
  EXPECT_FALSE(journal.claim(output));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(journal.claim(output));
}

TEST_F(JournalTest, ManyProcessesAppendWholeLines) {
  std::vector<pid_t> children;
  for (int c = 0; c < 4; ++c) {
    children.push_back(::fork());
    if (children.back() != 0) continue;
    Journal journal(file);
    for (int i = 0; i < 25; ++i) journal.begin({scratch / (std::to_string(c) + "-" + std::to_string(i))});
    _exit(0);
  }
  for (pid_t child : children) ::waitpid(child, nullptr, 0);
  const Journal journal(file);
  EXPECT_EQ(journal.content().ours.size(), 100U);
  EXPECT_EQ(journal.content().ignored_lines, 0);
}

}  // namespace
}  // namespace resyncer::batch
