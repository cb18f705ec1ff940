// The one exception type of the project. Third-party exceptions are wrapped into it at module edges;
// absence is std::optional; a bug aborts.
#pragma once

#include <stdexcept>
#include <string>

namespace resyncer::core {

// What went wrong, by cause. Each kind has one frozen exit code (see exit_code).
enum class ErrorKind {
  internal,  // 1: a bug or an unexpected failure of a library
  usage,     // 2: the command line or a configuration is wrong
  input,     // 3: a file handed to us is unreadable, damaged or unsupported
  model,     // 4: weights are missing, damaged or do not match the program
  face,      // 5: no usable face in the whole video
  output,    // 6: the result cannot be written (encoder, permission, disk)
  memory,    // 7: out of memory
  limit,     // 8: a figure is worse than the limit that was asked for
  batch,     // 9: some jobs of a batch failed
};

int exit_code(ErrorKind kind);
const char* name(ErrorKind kind);

// `what()` is one sentence for the user: what happened, where, and what to do about it.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  // place: file, stream, frame, time. remedy: what the user can do. Both may be empty.
  Error(ErrorKind kind, const std::string& message, const std::string& place, const std::string& remedy = "");

  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

}  // namespace resyncer::core
