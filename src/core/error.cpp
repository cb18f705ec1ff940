#include "resyncer/core/error.h"

namespace resyncer::core {

namespace {
std::string sentence(const std::string& message, const std::string& place, const std::string& remedy) {
  std::string text = place.empty() ? message : place + ": " + message;
  return remedy.empty() ? text : text + "; " + remedy;
}
}  // namespace

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::internal:
      return 1;
    case ErrorKind::usage:
      return 2;
    case ErrorKind::input:
      return 3;
    case ErrorKind::model:
      return 4;
    case ErrorKind::face:
      return 5;
    case ErrorKind::output:
      return 6;
    case ErrorKind::memory:
      return 7;
    case ErrorKind::limit:
      return 8;
    case ErrorKind::batch:
      return 9;
  }
  return 1;
}

const char* name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::internal:
      return "internal";
    case ErrorKind::usage:
      return "usage";
    case ErrorKind::input:
      return "input";
    case ErrorKind::model:
      return "model";
    case ErrorKind::face:
      return "face";
    case ErrorKind::output:
      return "output";
    case ErrorKind::memory:
      return "memory";
    case ErrorKind::limit:
      return "limit";
    case ErrorKind::batch:
      return "batch";
  }
  return "internal";
}

Error::Error(ErrorKind kind, const std::string& message, const std::string& place, const std::string& remedy)
    : std::runtime_error(sentence(message, place, remedy)), kind_(kind) {}

}  // namespace resyncer::core
