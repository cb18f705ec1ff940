#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace resyncer::pipeline {

// How far a job is. `total` 0 = unknown.
struct JobProgress {
  std::string stage;  // "analyse", "render", ...
  std::int64_t done = 0;
  std::int64_t total = 0;
  const char* unit = "frames";  // of what is counted
};

// Called from the job's thread, often; the receiver thins out.
using ProgressSink = std::function<void(const JobProgress&)>;

}  // namespace resyncer::pipeline
