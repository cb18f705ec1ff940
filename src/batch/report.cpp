#include "resyncer/batch/report.h"

#include <algorithm>
#include <cstdio>
#include <map>

#include "batch/plain_text.h"

namespace resyncer::batch {

using core::Error;
using core::ErrorKind;

const char* name(State state) {
  switch (state) {
    case State::rendered:
      return "rendered";
    case State::unchanged:
      return "unchanged";
    case State::failed:
      return "failed";
    case State::not_run:
      return "not run";
  }
  return "failed";
}

int count(const Report& report, State state) {
  return int(std::count_if(report.jobs.begin(), report.jobs.end(),
                           [&](const JobResult& job) { return job.state == state; }));
}

bool all_right(const Report& report) {
  const int right = count(report, State::rendered) + count(report, State::unchanged);
  return right == int(report.jobs.size()) && (!report.shard.empty() || right == report.rows);
}

std::string summary(const Report& report) {
  std::string text;
  for (State state : {State::rendered, State::unchanged, State::failed, State::not_run})
    text += (text.empty() ? "" : ", ") + std::to_string(count(report, state)) + ' ' + name(state);
  return text;
}

std::string result_line(const JobResult& job) {
  std::string line = plain_line(job.name) + ": " + name(job.state);
  if (job.state == State::rendered) {
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, " in %.1f s", job.seconds);
    line += seconds;
  }
  if (job.state == State::failed) line += std::string(" (") + core::name(job.kind) + ")";
  return job.message.empty() ? line : line + ": " + plain_line(job.message);
}

std::string report_table(const Report& report) {
  std::size_t width = 4;
  for (const JobResult& job : report.jobs)
    width = std::min<std::size_t>(40, std::max(width, job.name.size()));
  auto line = [&](const std::string& row, const std::string& job, const std::string& state,
                  const std::string& seconds, const std::string& memory, const std::string& said) {
    char text[256];
    std::snprintf(text, sizeof text, "%5s  %-*.*s  %-9s  %8s  %8s", row.c_str(), int(width), int(width),
                  job.c_str(), state.c_str(), seconds.c_str(), memory.c_str());
    return text + (said.empty() ? "" : "  " + said) + '\n';
  };
  std::string table = line("row", "name", "state", "seconds", "peak MB", "");
  for (const JobResult& job : report.jobs) {
    char seconds[32], memory[32];
    std::snprintf(seconds, sizeof seconds, "%.1f", job.seconds);
    std::snprintf(memory, sizeof memory, "%.0f", double(job.peak_memory_bytes) / 1e6);
    const bool ran = job.attempts > 0;
    table += line(std::to_string(job.row), plain_line(job.name), name(job.state), ran ? seconds : "-",
                  ran ? memory : "-", plain_line(job.message));
    for (const std::string& warning : job.warnings) table += "       warning: " + plain_line(warning) + '\n';
  }
  return table + summary(report);
}

Report merge_reports(const std::vector<Report>& reports) {
  Report whole;
  std::map<int, JobResult> jobs;
  auto succeeded = [](const JobResult& job) {
    return job.state == State::rendered || job.state == State::unchanged;
  };
  for (const Report& report : reports) {
    if (whole.manifest_sha256.empty()) {
      whole.manifest = report.manifest;
      whole.manifest_sha256 = report.manifest_sha256;
      whole.rows = report.rows;
    }
    if (report.manifest_sha256 != whole.manifest_sha256 || report.rows != whole.rows)
      throw Error(ErrorKind::usage, "the reports are of different manifests", report.manifest,
                  "merge only what one manifest gave");
    whole.wall_seconds += report.wall_seconds;
    for (const JobResult& job : report.jobs) {
      const auto [known, news] = jobs.emplace(job.row, job);
      if (!news && (succeeded(job) || !succeeded(known->second))) known->second = job;
    }
  }
  for (auto& [row, job] : jobs) whole.jobs.push_back(std::move(job));
  return whole;
}

std::vector<int> missing_rows(const Report& report) {
  std::vector<bool> there(std::size_t(report.rows) + 1);
  for (const JobResult& job : report.jobs) there[std::size_t(job.row)] = true;
  std::vector<int> missing;
  for (int row = 1; row <= report.rows; ++row)
    if (!there[std::size_t(row)]) missing.push_back(row);
  return missing;
}

}  // namespace resyncer::batch
