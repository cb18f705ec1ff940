// What became of the jobs: a table for people, JSON for programs, JUnit XML for CI.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "resyncer/core/error.h"

namespace resyncer::batch {

enum class State {
  rendered,
  unchanged,  // done before, and nothing it depends on has changed
  failed,
  not_run  // the batch ended before its turn
};
const char* name(State state);

struct JobResult {
  int row = 0;
  std::string name, video, speech, output;
  State state = State::not_run;
  core::ErrorKind kind = core::ErrorKind::internal;  // of a failure
  std::string message;                               // of a failure, or why it did not run: one sentence
  std::vector<std::string> warnings;
  std::string log;  // the last lines of a failed one
  int attempts = 0;
  double seconds = 0;
  std::int64_t peak_memory_bytes = 0;
};

struct Report {
  std::string manifest;         // its name
  std::string manifest_sha256;  // of its text: only reports of one manifest can be merged
  int rows = 0;                 // of the whole manifest
  std::string shard;            // "2/4"; empty = all
  std::string journal;          // its file
  double wall_seconds = 0;
  std::vector<JobResult> jobs;  // by row
};

int count(const Report& report, State state);
// All rows of the manifest are there, and each is rendered or unchanged.
bool all_right(const Report& report);
// "36 rendered, 0 unchanged, 4 failed, 0 not run": one line.
std::string summary(const Report& report);

// "talk_de: rendered in 12.3 s", fit for a terminal.
std::string result_line(const JobResult& job);

std::string report_table(const Report& report);
std::string report_json(const Report& report);
std::string report_junit(const Report& report);

// Throws Error{input}.
Report read_report(const std::filesystem::path& file);
Report parse_report(const std::string& text, const std::string& place);

// Each row once: what succeeded counts for more than what did not, else the later report. Throws Error{usage}
// for reports of different manifests.
Report merge_reports(const std::vector<Report>& reports);
// Rows that no report tells of.
std::vector<int> missing_rows(const Report& report);

}  // namespace resyncer::batch
