#include "resyncer/batch/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace resyncer::batch {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

JobResult result(int row, State state, const std::string& message = "") {
  JobResult job;
  job.row = row;
  job.name = "job " + std::to_string(row);
  job.state = state;
  job.message = message;
  job.kind = core::ErrorKind::input;
  job.attempts = state == State::unchanged ? 0 : 1;
  job.seconds = 1.5;
  return job;
}

Report report(std::vector<JobResult> jobs, int rows, const std::string& shard = "") {
  Report report;
  report.manifest = "m.csv";
  report.manifest_sha256 = "abc";
  report.rows = rows;
  report.shard = shard;
  report.jobs = std::move(jobs);
  return report;
}

TEST(Report, JsonIsReadAgain) {
  Report before = report({result(1, State::rendered), result(2, State::failed, "b.mp4: is empty")}, 2);
  before.jobs[0].warnings = {"turned"};
  before.jobs[1].log = "line\nline";
  const Report after = parse_report(report_json(before), "r.json");
  EXPECT_EQ(report_json(after), report_json(before));
  EXPECT_EQ(after.jobs[1].kind, core::ErrorKind::input);
  EXPECT_FALSE(all_right(after));
  for (const char* wrong : {"", "[]", "{}", "{\"kind\":\"resyncer-batch-report\",\"version\":1}"})
    EXPECT_THROW(parse_report(wrong, "r.json"), core::Error);
}

TEST(Report, JunitIsXmlWhateverItIsTold) {
  JobResult job =
      result(1, State::failed, "a<b> & \"c\" \x01\x1B[2J \xFF\xC3 \xED\xA0\x80 \xEF\xBF\xBF e\xCC\x81");
  job.name = "<&\">'\n\x7F";
  job.log = "]]> <script>\x02";
  job.warnings = {"x < y"};
  const std::string xml =
      report_junit(report({job, result(2, State::not_run, "left out"), result(3, State::unchanged)}, 4));
  for (char c : xml) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 || c == '\n') << int(c);
  EXPECT_THAT(xml, HasSubstr("tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\""));
  EXPECT_THAT(xml, HasSubstr("<failure type=\"input\""));
  EXPECT_THAT(xml, HasSubstr("]]&gt; &lt;script&gt;\xEF\xBF\xBD"));
  EXPECT_THAT(xml, HasSubstr("e\xCC\x81"));
  EXPECT_THAT(xml, HasSubstr("\"row 4\""));
}

TEST(Report, TableShowsWarningsAndNoCommandsToTerminals) {
  JobResult job = result(1, State::failed, "a\x1B[2J\nb");
  job.warnings = {"kept\x1B[2J as it is", "second"};
  const std::string table = report_table(report({job}, 1));
  EXPECT_THAT(table, Not(HasSubstr("\x1B")));
  EXPECT_THAT(table, HasSubstr("warning: kept"));
  EXPECT_THAT(table, HasSubstr("warning: second\n"));
}

TEST(Merge, EachRowOnceAndSuccessCounts) {
  const Report merged =
      merge_reports({report({result(1, State::failed, "old"), result(2, State::rendered)}, 4, "1/2"),
                     report({result(1, State::rendered), result(2, State::failed)}, 4, "1/2"),
                     report({result(4, State::failed, "first")}, 4, "2/2"),
                     report({result(4, State::failed, "second")}, 4, "2/2")});
  ASSERT_EQ(merged.jobs.size(), 3U);
  EXPECT_EQ(merged.jobs[0].state, State::rendered);
  EXPECT_EQ(merged.jobs[1].state, State::rendered);
  EXPECT_EQ(merged.jobs[2].message, "second");
  EXPECT_THAT(missing_rows(merged), ElementsAre(3));
  EXPECT_FALSE(all_right(merged));
  EXPECT_TRUE(all_right(merge_reports(
      {report({result(1, State::rendered)}, 2, "1/2"), report({result(2, State::unchanged)}, 2, "2/2")})));
}

TEST(Merge, RefusesReportsOfDifferentManifests) {
  Report other = report({}, 1);
  other.manifest_sha256 = "def";
  EXPECT_THROW(merge_reports({report({}, 1), other}), core::Error);
}

}  // namespace
}  // namespace resyncer::batch
