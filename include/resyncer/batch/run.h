// Runs the jobs of a manifest, each in a process of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "resyncer/batch/job.h"
#include "resyncer/batch/journal.h"
#include "resyncer/batch/report.h"

namespace resyncer::batch {

struct RunOptions {
  std::filesystem::path folder;            // of the manifest: where renders run
  std::string program;                     // see job_key
  std::vector<std::string> child_options;  // for every render, before its row's own
  int jobs = 0;                            // renders at once; 0 = default_jobs()
  int threads = 0;                         // of each render that sets none; 0 = cores divided
  std::int64_t max_memory_bytes = 0;       // of all renders together; 0 = no limit
  int retries = 0;                         // where trying again can help: internal, output, memory
  bool fail_fast = false;                  // start nothing after a failure
  bool overwrite = false;                  // files that the journal does not know, too
  std::function<std::int64_t(const std::filesystem::path&)> pixels;  // of a frame; 0 = unknown
  std::function<void(const JobResult&, int done, int total)> finished;
};

int available_cores();
int default_jobs(int cores);

// What would happen to a job now.
struct Outlook {
  enum class What { run, unchanged, fail };
  What what = What::run;
  std::string message;  // why it would fail
};
const char* name(Outlook::What what);
std::vector<Outlook> foresee(const std::vector<Job>& jobs, const Journal& journal, const RunOptions& options);

// The jobs and what would become of them.
std::string plan_table(const std::vector<Job>& jobs, const std::vector<Outlook>& outlooks);
std::string plan_json(const std::vector<Job>& jobs, const std::vector<Outlook>& outlooks);

struct RunEnd {
  std::vector<JobResult> results;  // one a job, in their order
  int signal = 0;                  // SIGINT or SIGTERM that ended the run early; 0 = none
};
// While it runs, SIGINT and SIGTERM end all renders and let it return.
// Throws Error{output} when the journal cannot be written.
RunEnd run_jobs(const std::vector<Job>& jobs, Journal* journal, const RunOptions& options);

}  // namespace resyncer::batch
