#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace resyncer::cli {

// Inputs that are no files: "-" (standard input), named pipes, what a shell makes of <(command). A video is
// read twice, and containers are read back and forth: such input is first copied to its end into a nameless
// file in $TMPDIR, which the system takes back when this process ends, however it ends.
class StreamedInputs {
 public:
  // Makes `path` that of the copy where it names a stream; every other path stays. Throws Error{usage} when a
  // second one asks for standard input, or when that is a terminal; Error{output} when there is no room.
  void take(std::filesystem::path* path);

  // The text with the copies' paths turned into what the user wrote.
  static std::string in_the_users_words(std::string text);

 private:
  bool stdin_taken_ = false;
};

}  // namespace resyncer::cli
