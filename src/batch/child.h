// A render in a process of its own: what happens to it happens to no other job.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>
#include <vector>

namespace resyncer::batch {

struct ChildEnd {
  int exit_code = -1;  // or
  int signal = 0;      // that ended it
  std::int64_t peak_memory_bytes = 0;
};

class Child {
 public:
  // Runs this very binary with `arguments` in `folder`, with nothing to read and with its progress on
  // descriptor 3. Gets SIGTERM when this process ends, however it ends, so that it leaves no half-written
  // file. Throws Error{internal} when no process can be made.
  Child(const std::vector<std::string>& arguments, const std::filesystem::path& folder);
  ~Child();  // one that still runs is ended
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  int process_fd() const { return process_; }    // readable once the process has ended
  int talk_fd() const { return talk_; }          // stderr; -1 = it has been closed
  int progress_fd() const { return progress_; }  // the same

  void read();  // what there is to read, without waiting
  void signal(int number) const;
  ChildEnd end();  // once, after process_fd() is readable

  const std::string& stage() const { return stage_; }  // of the render, as far as it has told
  // The last sentence of an error, warnings, and the last lines of all it said; each of bounded size.
  const std::string& error() const { return error_; }
  const std::vector<std::string>& warnings() const { return warnings_; }
  std::string tail() const;

 private:
  void read_talk(const std::string& line);

  pid_t pid_ = -1;
  int process_ = -1, talk_ = -1, progress_ = -1;
  std::string talk_rest_, progress_rest_, stage_, error_;
  std::vector<std::string> warnings_;
  std::deque<std::string> tail_;
};

}  // namespace resyncer::batch
