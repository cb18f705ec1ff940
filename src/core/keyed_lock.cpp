#include "resyncer/core/keyed_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <utility>

namespace resyncer::core {

namespace {

int open_lock_file(const std::filesystem::path& file) {
  return ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
}

// FNV-1a, the same in every version of the program. Byte 0 is left to those who lock the file as a whole.
off_t byte_of(const std::string& key) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return off_t(hash >> 2) + 1;
}

// False where another holds the byte.
bool lock(int fd, off_t byte, int command) {
  struct flock range {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  range.l_start = byte;
  range.l_len = 1;
  int failed = 0;
  do failed = ::fcntl(fd, command, &range);
  while (failed != 0 && errno == EINTR);
  return failed == 0 || (errno != EAGAIN && errno != EACCES);
}

}  // namespace

KeyedLock::KeyedLock(const std::filesystem::path& file, const std::string& key) : fd_(open_lock_file(file)) {
  if (fd_ >= 0) lock(fd_, byte_of(key), F_OFD_SETLKW);
}

std::optional<KeyedLock> KeyedLock::try_lock(const std::filesystem::path& file, const std::string& key) {
  KeyedLock held;
  held.fd_ = open_lock_file(file);
  if (held.fd_ >= 0 && !lock(held.fd_, byte_of(key), F_OFD_SETLK)) return std::nullopt;
  return held;
}

KeyedLock::~KeyedLock() {
  if (fd_ >= 0) ::close(fd_);
}

KeyedLock::KeyedLock(KeyedLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

KeyedLock& KeyedLock::operator=(KeyedLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

}  // namespace resyncer::core
