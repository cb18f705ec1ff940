// Progress for people (a bar on a terminal, plain lines elsewhere) and for programs (ffmpeg's key=value
// lines).
#pragma once

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>

#include "cli/command.h"
#include "resyncer/pipeline/progress.h"

namespace resyncer::cli {

class ProgressBar {
 public:
  // Throws core::Error{usage} when --progress names a file that cannot be opened.
  explicit ProgressBar(const GlobalOptions& global);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  pipeline::ProgressSink sink();
  void finish();  // ends the line; writes progress=end

 private:
  void show(const pipeline::JobProgress& progress);
  void show_person(const pipeline::JobProgress& progress, double rate, double left);
  void show_program(const pipeline::JobProgress& progress, double rate, const char* state);

  using Clock = std::chrono::steady_clock;
  std::string stage_;
  Clock::time_point stage_start_{}, last_{};
  pipeline::JobProgress latest_;
  std::FILE* program_ = nullptr;
  bool person_ = true, terminal_ = false, drawn_ = false;
};

}  // namespace resyncer::cli
