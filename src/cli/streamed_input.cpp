#include "cli/streamed_input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "resyncer/core/error.h"

namespace resyncer::cli {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorKind;

namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20;
constexpr std::uint64_t kLeftFree = std::uint64_t{64} << 20;  // of the disk, for everybody else

// Of this process: the copy's path, and what the user called it.
std::vector<std::pair<std::string, std::string>>& names() {
  static std::vector<std::pair<std::string, std::string>> list;
  return list;
}

std::string path_of(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

// A file without a name in the folder for temporary files; on file systems without such, one whose name is
// taken off at once.
int nameless_file(const fs::path& folder) {
  int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0) {
    std::string name = (folder / "resyncer-XXXXXX").string();
    fd = ::mkostemp(name.data(), O_CLOEXEC);
    if (fd >= 0) ::unlink(name.c_str());
  }
  if (fd < 0)
    throw Error(ErrorKind::output, std::string("cannot hold a copy of the input: ") + std::strerror(errno),
                folder.string(), "point TMPDIR at a writable folder");
  return fd;
}

[[noreturn]] void no_room(const fs::path& folder, const std::string& name, std::uint64_t held) {
  throw Error(ErrorKind::output,
              "no room for the copy of " + name + " after " + std::to_string(held >> 20) + " MiB",
              folder.string(), "free some disk space, point TMPDIR at a larger disk, or name a file");
}

void write_all(int fd, const char* data, std::size_t bytes, const fs::path& folder, const std::string& name,
               std::uint64_t held) {
  while (bytes > 0) {
    const ssize_t n = ::write(fd, data, bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)) no_room(folder, name, held);
    if (n < 0)
      throw Error(ErrorKind::output, std::string("the copy of ") + name + ": " + std::strerror(errno),
                  folder.string());
    data += n;
    bytes -= std::size_t(n);
  }
}

// To the end of `from`, which stays open.
int copy_of(int from, const std::string& name) {
  std::error_code error;
  const fs::path folder = fs::temp_directory_path(error);
  if (error)
    throw Error(ErrorKind::output, "TMPDIR is not a folder", "", "point TMPDIR at a writable folder");
  const int to = nameless_file(folder);
  std::vector<char> block(kBlock);
  std::uint64_t held = 0;
  while (true) {
    const ssize_t n = ::read(from, block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Error(ErrorKind::input, std::strerror(errno), name);
    if (n == 0) break;
    struct statvfs disk {};
    if (::fstatvfs(to, &disk) == 0 && disk.f_frsize * disk.f_bavail < kLeftFree + std::uint64_t(n))
      no_room(folder, name, held);
    write_all(to, block.data(), std::size_t(n), folder, name, held);
    held += std::uint64_t(n);
  }
  if (held == 0) throw Error(ErrorKind::input, "nothing came through it", name);
  return to;
}

// `< file`: there is nothing to copy.
bool is_whole_file(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && ::lseek(fd, 0, SEEK_CUR) == 0 &&
         ::access(path_of(fd).c_str(), R_OK) == 0;
}

}  // namespace

void StreamedInputs::take(fs::path* path) {
  std::error_code ignored;
  struct stat status {};
  const bool is_stdin = *path == "-";
  if (path->empty() || (!is_stdin && ::stat(path->c_str(), &status) != 0)) return;
  if (!is_stdin && !S_ISFIFO(status.st_mode) && !S_ISSOCK(status.st_mode)) return;
  const std::string name = is_stdin ? "standard input" : path->string();
  struct stat standard {};
  const bool reads_stdin = is_stdin || (::fstat(STDIN_FILENO, &standard) == 0 &&
                                        standard.st_dev == status.st_dev && standard.st_ino == status.st_ino);
  if (reads_stdin && std::exchange(stdin_taken_, true))
    throw Error(ErrorKind::usage, "two inputs cannot both come from standard input", "",
                "name a file for one of them");
  int from = STDIN_FILENO;
  if (is_stdin && ::isatty(STDIN_FILENO) == 1)
    throw Error(ErrorKind::usage, "standard input is a terminal", "", "pipe a file into it, or name one");
  if (!is_stdin) from = ::open(path->c_str(), O_RDONLY | O_CLOEXEC);
  if (from < 0) throw Error(ErrorKind::input, std::strerror(errno), name);
  const int fd = is_stdin && is_whole_file(from) ? from : copy_of(from, name);
  if (from != STDIN_FILENO) ::close(from);
  *path = path_of(fd);
  names().emplace_back(path->string(), name);
}

std::string StreamedInputs::in_the_users_words(std::string text) {
  for (const auto& [path, name] : names()) {
    for (std::size_t at = text.find(path); at != std::string::npos; at = text.find(path, at + name.size())) {
      const std::size_t end = at + path.size();  // "/proc/self/fd/3" is not in "/proc/self/fd/31"
      if (end < text.size() && text[end] >= '0' && text[end] <= '9') continue;
      text.replace(at, path.size(), name);
    }
  }
  return text;
}

}  // namespace resyncer::cli
