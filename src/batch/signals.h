// SIGINT and SIGTERM as something to wait for.
#pragma once

#include <csignal>

namespace resyncer::batch {

// While it lives the two signals are written down in place of what they did before. One at a time.
class SignalWatch {
 public:
  SignalWatch();
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  int fd() const;      // readable once a signal has come
  int caught() const;  // which; 0 = none

 private:
  struct sigaction before_int_ {
  }, before_term_{};
};

}  // namespace resyncer::batch
