#include "cli/progress_bar.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "resyncer/core/error.h"

namespace resyncer::cli {

namespace {

constexpr int kBarWidth = 30;
constexpr double kTerminalInterval = 0.1, kLineInterval = 5, kProgramInterval = 0.5;  // seconds

std::FILE* open_program_channel(const std::string& target) {
  if (target.empty()) return nullptr;
  std::FILE* file = nullptr;
  if (target.rfind("fd:", 0) == 0) {
    char* end = nullptr;
    long fd = std::strtol(target.c_str() + 3, &end, 10);
    if (end != nullptr && *end == '\0' && end != target.c_str() + 3 && fd >= 0) {
      int copy = ::dup(static_cast<int>(fd));
      if (copy >= 0) file = ::fdopen(copy, "w");
    }
  } else {
    file = std::fopen(target.c_str(), "we");
  }
  if (file == nullptr)
    throw core::Error(core::ErrorKind::usage, std::strerror(errno), "--progress " + target,
                      "name a writable file or an open descriptor (fd:N)");
  return file;
}

}  // namespace

ProgressBar::ProgressBar(const GlobalOptions& global)
    : program_(open_program_channel(global.progress)),
      person_(global.verbosity >= 0),
      terminal_(::isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  if (drawn_) std::fputc('\n', stderr);
  if (program_ != nullptr) std::fclose(program_);
}

pipeline::ProgressSink ProgressBar::sink() {
  return [this](const pipeline::JobProgress& progress) { show(progress); };
}

void ProgressBar::show(const pipeline::JobProgress& progress) {
  auto now = Clock::now();
  bool begins = progress.stage != stage_;
  if (begins) {
    if (drawn_) std::fputc('\n', stderr);
    drawn_ = false;
    stage_ = progress.stage;
    stage_start_ = now;
  }
  latest_ = progress;
  bool ends = progress.total > 0 && progress.done >= progress.total;
  double since = std::chrono::duration<double>(now - last_).count();
  double interval = program_ != nullptr ? kProgramInterval : terminal_ ? kTerminalInterval : kLineInterval;
  // A program is told of every stage as it begins: others may be waiting for it.
  if (!ends && since < interval && !(begins && program_ != nullptr)) return;
  if (begins && !ends && !terminal_ && program_ == nullptr && progress.done == 0) return;
  last_ = now;
  double elapsed = std::chrono::duration<double>(now - stage_start_).count();
  double rate = elapsed > 0 ? double(progress.done) / elapsed : 0;
  double left =
      rate > 0 && progress.total > progress.done ? double(progress.total - progress.done) / rate : 0;
  if (person_) show_person(progress, rate, left);
  if (program_ != nullptr) show_program(progress, rate, "continue");
}

void ProgressBar::show_person(const pipeline::JobProgress& progress, double rate, double left) {
  double share = progress.total > 0 ? std::min(1.0, double(progress.done) / double(progress.total)) : 0;
  if (terminal_) {
    std::string bar(static_cast<std::size_t>(kBarWidth), '.');
    std::fill(bar.begin(), bar.begin() + static_cast<long>(share * kBarWidth), '#');
    std::fprintf(stderr, "\r%-8s [%s] %3.0f %%  %6.1f %s/s  %4.0f s left ", progress.stage.c_str(),
                 bar.c_str(), 100 * share, rate, progress.unit, left);
    drawn_ = true;
  } else {
    std::fprintf(stderr, "resyncer: %s %lld/%lld %s, %.1f %s/s, %.0f s left\n", progress.stage.c_str(),
                 static_cast<long long>(progress.done), static_cast<long long>(progress.total), progress.unit,
                 rate, progress.unit, left);
  }
  std::fflush(stderr);
}

void ProgressBar::show_program(const pipeline::JobProgress& progress, double rate, const char* state) {
  std::fprintf(program_, "stage=%s\nframe=%lld\ntotal=%lld\nfps=%.2f\nprogress=%s\n", progress.stage.c_str(),
               static_cast<long long>(progress.done), static_cast<long long>(progress.total), rate, state);
  std::fflush(program_);
}

void ProgressBar::finish() {
  if (drawn_) std::fputc('\n', stderr);
  drawn_ = false;
  if (program_ != nullptr) show_program(latest_, 0, "end");
}

}  // namespace resyncer::cli
