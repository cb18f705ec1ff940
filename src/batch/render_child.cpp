#include "batch/render_child.h"

#include <csignal>
#include <cstring>

namespace resyncer::batch {

namespace {

using core::ErrorKind;

constexpr ErrorKind kKinds[] = {ErrorKind::internal, ErrorKind::usage,  ErrorKind::input, ErrorKind::model,
                                ErrorKind::face,     ErrorKind::output, ErrorKind::memory};

// "error (input): a.mp4: is empty" -> "a.mp4: is empty"
std::string sentence(const std::string& error) {
  const std::size_t end = error.find("): ");
  return error.rfind("error (", 0) == 0 && end != std::string::npos ? error.substr(end + 3) : error;
}

std::string last_line(const std::string& text) {
  if (text.empty()) return text;
  const std::size_t begin = text.size() > 1 ? text.rfind('\n', text.size() - 2) : std::string::npos;
  return text.substr(begin == std::string::npos ? 0 : begin + 1, text.size() - 1 - (begin + 1));
}

}  // namespace

std::vector<std::string> child_arguments(const Job& job, const std::vector<std::string>& child_options,
                                         int threads, bool overwrites) {
  std::vector<std::string> arguments = row_arguments(job);
  arguments.insert(arguments.end(), child_options.begin(), child_options.end());
  arguments.insert(arguments.end(),
                   {"--log-format=json", "--progress=fd:3", overwrites ? "--yes" : "--never"});
  if (option_of(job, "no-cache").empty())
    arguments.emplace_back("--resume");  // what is painted outlives a kill
  if (option_of(job, "threads").empty()) arguments.push_back("--threads=" + std::to_string(threads));
  return arguments;
}

std::optional<Fault> fault_of_end(const Child& child, const ChildEnd& end) {
  if (end.exit_code == 0) return std::nullopt;
  if (end.signal == SIGKILL)
    return Fault{ErrorKind::memory,
                 "was killed, as the kernel does when memory runs out; use fewer --jobs, or --max-memory"};
  if (end.signal != 0)
    return Fault{ErrorKind::internal,
                 std::string("crashed: ") + ::strsignal(end.signal) + "; please report it with the row"};
  if (end.exit_code == 128 + SIGINT || end.exit_code == 128 + SIGTERM)
    return Fault{ErrorKind::internal, "was ended by a signal from elsewhere"};
  for (ErrorKind kind : kKinds) {
    if (core::exit_code(kind) != end.exit_code) continue;
    const std::string said = child.error().empty() ? last_line(child.tail()) : sentence(child.error());
    return Fault{kind, said.empty() ? "failed without a word" : said};
  }
  return Fault{ErrorKind::internal, "ended with exit code " + std::to_string(end.exit_code)};
}

bool can_pass(ErrorKind kind) {
  return kind == ErrorKind::internal || kind == ErrorKind::output || kind == ErrorKind::memory;
}

}  // namespace resyncer::batch
