#include "batch/signals.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace resyncer::batch {

namespace {
std::atomic<int> g_caught{0};
int g_pipe[2] = {-1, -1};

extern "C" void note_signal(int signal) {
  const int before = errno;
  g_caught = signal;
  (void)!::write(g_pipe[1], "", 1);
  errno = before;
}
}  // namespace

SignalWatch::SignalWatch() {
  g_caught = 0;
  (void)!::pipe2(g_pipe, O_CLOEXEC | O_NONBLOCK);
  struct sigaction action {};
  action.sa_handler = note_signal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, &before_int_);
  sigaction(SIGTERM, &action, &before_term_);
}

SignalWatch::~SignalWatch() {
  sigaction(SIGINT, &before_int_, nullptr);
  sigaction(SIGTERM, &before_term_, nullptr);
  for (int& fd : g_pipe) {
    if (fd >= 0) ::close(fd);
    fd = -1;
  }
}

int SignalWatch::fd() const { return g_pipe[0]; }
int SignalWatch::caught() const { return g_caught; }

}  // namespace resyncer::batch
