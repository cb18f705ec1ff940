// A job: one render that a row of the manifest asks for.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "resyncer/batch/manifest.h"
#include "resyncer/core/error.h"

namespace resyncer::batch {

struct Fault {
  core::ErrorKind kind = core::ErrorKind::internal;
  std::string message;  // one sentence
};

struct Job {
  int row = 0, line = 0;         // see Row
  std::string name;              // default: "{video}_{speech}"
  std::filesystem::path video;   // absolute, as all paths here
  std::filesystem::path speech;  // empty = none
  std::filesystem::path output;
  std::vector<Field> options;  // of render, without dashes
  std::optional<Fault> fault;  // why it cannot run, known before anything runs
};

struct JobFolders {
  std::filesystem::path manifest;  // relative paths are relative to it; absolute
  std::filesystem::path output;    // what relative outputs are relative to; absolute
};

// Columns: `video`, `speech` (or `audio`), `output` and `name`, both templates that know {video}, {speech}
// (the files' names without folder and extension), {row} and, for the output, {name}; every other is an
// option of render. Without an output: {name} and the video's extension. A row that is wrong, or whose files
// would meet those of another, has a fault.
std::vector<Job> make_jobs(const std::vector<Row>& rows, const JobFolders& folders);

// The row as a command line of render, from "render" on, without the program's name.
std::vector<std::string> row_arguments(const Job& job);

// What is wrong with a command line; nullopt = nothing. Asked of every job that has no fault yet, which is
// then given one. Also sees whether video and speech are there.
using CheckArguments = std::function<std::optional<std::string>(const std::vector<std::string>&)>;
void check_jobs(std::vector<Job>* jobs, const CheckArguments& check);

// The files that the job writes: the output, what its options ask for beside it, the provenance.
std::vector<std::filesystem::path> outputs_of(const Job& job, const std::filesystem::path& folder);
// Whether an option names a result, no input.
bool names_output(const std::string& option);
// Whether the batch says this itself to every render: no row may, and what the configuration says is left
// out.
bool is_reserved(const std::string& option);
// First value of an option; empty = not set.
std::string option_of(const Job& job, const std::string& name);

}  // namespace resyncer::batch
