// A file that appears whole or not at all: written under a temporary name beside the target, renamed by
// commit().
#pragma once

#include <filesystem>
#include <string>

namespace resyncer::core {

class OutputFile {
 public:
  // Creates nothing yet; throws Error{output} when the folder does not exist or is not writable.
  explicit OutputFile(const std::filesystem::path& target);
  ~OutputFile();  // removes the temporary file unless committed
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  const std::filesystem::path& temporary() const { return temporary_; }  // keeps the target's extension
  const std::filesystem::path& target() const { return target_; }
  void commit();  // fsync and rename; throws Error{output}

 private:
  std::filesystem::path target_, temporary_;
  bool committed_ = false;
};

// The text and a line break, as a file that appears whole or not at all. Throws Error{output}.
void write_text(const std::filesystem::path& path, const std::string& text);

// Removes every OutputFile that is still open: called once, from the way out on SIGINT/SIGTERM.
// Async-signal-safe.
void remove_unfinished_outputs() noexcept;

}  // namespace resyncer::core
