// A file that appears whole or not at all: written under a temporary name beside the target, renamed by
// commit().
#pragma once

#include <filesystem>
#include <string>

namespace resyncer::core {

class OutputFile {
 public:
  // Creates the temporary file, empty; throws Error{output} when the folder does not exist or is not
  // writable. Its writer opens it by name and truncates it; it must not be replaced by another file.
  explicit OutputFile(const std::filesystem::path& target);
  ~OutputFile();  // removes the temporary file unless committed
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Keeps the target's extension; the target itself where that is written in place.
  const std::filesystem::path& temporary() const { return temporary_; }
  const std::filesystem::path& target() const { return target_; }
  void commit();  // fsync and rename; throws Error{output}

 private:
  void create(const std::filesystem::path& folder);

  std::filesystem::path target_, temporary_;
  int lock_ = -1;  // an open descriptor of the temporary file; -1: the target is written in place
  bool committed_ = false;
};

// Whether this path is a pipe, a device or a descriptor (/dev/stdout, /dev/fd/3): nothing that a file could
// be renamed over. Such targets are opened as they are and have no temporary file.
bool written_in_place(const std::filesystem::path& target);

// Removes what writers of `target` left that were killed (SIGKILL, a power cut). Whether a temporary file
// still has a writer is asked of its lock (flock), not of a process number, which may be another's by now or
// another machine's; a file system without locks keeps what is there.
void remove_abandoned(const std::filesystem::path& target) noexcept;

// The text and a line break, as a file that appears whole or not at all. Throws Error{output}.
void write_text(const std::filesystem::path& path, const std::string& text);

// Removes every OutputFile that is still open: called once, from the way out on SIGINT/SIGTERM.
// Async-signal-safe.
void remove_unfinished_outputs() noexcept;

}  // namespace resyncer::core
