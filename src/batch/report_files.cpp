#include <cstdio>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "batch/plain_text.h"
#include "resyncer/batch/report.h"

namespace resyncer::batch {

namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorKind;
using nlohmann::json;

constexpr std::uintmax_t kMostReportBytes = std::uintmax_t{256} << 20;
constexpr int kMostRowsOfReport = 100'000;

constexpr ErrorKind kKinds[] = {ErrorKind::internal, ErrorKind::usage,  ErrorKind::input, ErrorKind::model,
                                ErrorKind::face,     ErrorKind::output, ErrorKind::memory};

json job_json(const JobResult& job) {
  json out = {{"row", job.row},
              {"name", plain_text(job.name)},
              {"video", plain_text(job.video)},
              {"speech", plain_text(job.speech)},
              {"output", plain_text(job.output)},
              {"state", name(job.state)},
              {"attempts", job.attempts},
              {"seconds", job.seconds},
              {"peak_memory_bytes", job.peak_memory_bytes}};
  for (const std::string& warning : job.warnings) out["warnings"].push_back(plain_line(warning));
  if (!job.message.empty()) out["message"] = plain_line(job.message);
  if (job.state != State::failed) return out;
  out["kind"] = core::name(job.kind);
  out["exit_code"] = core::exit_code(job.kind);
  out["log"] = plain_text(job.log);
  return out;
}

JobResult job_of(const json& in) {
  JobResult job;
  job.row = in.at("row").get<int>();
  job.name = in.at("name").get<std::string>();
  job.video = in.at("video").get<std::string>();
  job.speech = in.at("speech").get<std::string>();
  job.output = in.at("output").get<std::string>();
  const auto state = in.at("state").get<std::string>();
  job.state = State::failed;
  for (State known : {State::rendered, State::unchanged, State::not_run})
    if (state == name(known)) job.state = known;
  job.attempts = in.at("attempts").get<int>();
  job.seconds = in.at("seconds").get<double>();
  job.peak_memory_bytes = in.at("peak_memory_bytes").get<std::int64_t>();
  job.warnings = in.value("warnings", std::vector<std::string>{});
  job.message = in.value("message", "");
  job.log = in.value("log", "");
  for (ErrorKind kind : kKinds)
    if (in.value("kind", "") == core::name(kind)) job.kind = kind;
  return job;
}

std::string seconds_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", seconds);
  return text;
}

std::string attribute(const char* key, const std::string& value) {
  return std::string(" ") + key + "=\"" + xml_text(plain_line(value)) + '"';
}

std::string test_case(const JobResult& job, const std::string& suite) {
  std::string text = "    <testcase" + attribute("classname", suite) + attribute("name", job.name) +
                     attribute("time", seconds_text(job.seconds)) + ">\n";
  if (job.state == State::failed)
    text += "      <failure" + attribute("type", core::name(job.kind)) + attribute("message", job.message) +
            '>' + xml_text(job.log.empty() ? job.message : job.log) + "</failure>\n";
  if (job.state == State::not_run) text += "      <skipped" + attribute("message", job.message) + "/>\n";
  if (job.state == State::unchanged) text += "      <system-out>unchanged</system-out>\n";
  if (!job.warnings.empty()) {
    text += "      <system-err>";
    for (const std::string& warning : job.warnings) text += xml_text(plain_line(warning)) + '\n';
    text += "</system-err>\n";
  }
  return text + "    </testcase>\n";
}

}  // namespace

std::string report_json(const Report& report) {
  json jobs = json::array();
  for (const JobResult& job : report.jobs) jobs.push_back(job_json(job));
  const json whole = {{"kind", "resyncer-batch-report"},
                      {"version", 1},
                      {"manifest", plain_text(report.manifest)},
                      {"manifest_sha256", report.manifest_sha256},
                      {"rows", report.rows},
                      {"shard", report.shard},
                      {"journal", plain_text(report.journal)},
                      {"wall_seconds", report.wall_seconds},
                      {"rendered", count(report, State::rendered)},
                      {"unchanged", count(report, State::unchanged)},
                      {"failed", count(report, State::failed)},
                      {"not_run", count(report, State::not_run)},
                      {"missing_rows", report.shard.empty() ? json(missing_rows(report)) : json::array()},
                      {"jobs", jobs}};
  return whole.dump(2, ' ', false, json::error_handler_t::replace);
}

std::string report_junit(const Report& report) {
  const std::string suite =
      "resyncer batch " + report.manifest + (report.shard.empty() ? "" : " " + report.shard);
  const int missing = report.shard.empty() ? int(missing_rows(report).size()) : 0;
  const std::string counts = attribute("tests", std::to_string(int(report.jobs.size()) + missing)) +
                             attribute("failures", std::to_string(count(report, State::failed))) +
                             attribute("errors", std::to_string(missing)) +
                             attribute("skipped", std::to_string(count(report, State::not_run))) +
                             attribute("time", seconds_text(report.wall_seconds));
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" + counts + ">\n  <testsuite" +
                     attribute("name", suite) + counts + ">\n";
  for (const JobResult& job : report.jobs) text += test_case(job, suite);
  if (report.shard.empty())
    for (int row : missing_rows(report))
      text += "    <testcase" + attribute("classname", suite) +
              attribute("name", "row " + std::to_string(row)) + "><error" +
              attribute("message", "no report tells of this row") + "/></testcase>\n";
  return text + "  </testsuite>\n</testsuites>";
}

Report parse_report(const std::string& text, const std::string& place) {
  try {
    const json in = json::parse(text);
    if (in.at("kind") != "resyncer-batch-report" || in.at("version") != 1)
      throw std::invalid_argument("it is of another kind or version");
    Report report;
    report.manifest = in.at("manifest").get<std::string>();
    report.manifest_sha256 = in.at("manifest_sha256").get<std::string>();
    report.rows = in.at("rows").get<int>();
    report.shard = in.at("shard").get<std::string>();
    report.journal = in.at("journal").get<std::string>();
    report.wall_seconds = in.at("wall_seconds").get<double>();
    if (report.rows < 0 || report.rows > kMostRowsOfReport) throw std::invalid_argument("its number of rows");
    std::set<int> rows;
    for (const json& job : in.at("jobs")) {
      report.jobs.push_back(job_of(job));
      const int row = report.jobs.back().row;
      if (row < 1 || row > report.rows || !rows.insert(row).second)
        throw std::invalid_argument("the row of a job");
    }
    return report;
  } catch (const std::exception& fault) {
    throw Error(ErrorKind::input, "is no report of a batch: " + plain_line(fault.what()), place);
  }
}

Report read_report(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error))
    throw Error(ErrorKind::input, "there is no such file", file.string());
  if (fs::file_size(file, error) > kMostReportBytes)
    throw Error(ErrorKind::input, "the report is larger than 256 MiB", file.string());
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream) throw Error(ErrorKind::input, "cannot be read", file.string());
  return parse_report(text, file.string());
}

}  // namespace resyncer::batch
