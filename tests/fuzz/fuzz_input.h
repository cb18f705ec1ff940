// What the targets have in common: the input as a file, and which exceptions are an answer.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "resyncer/core/error.h"

namespace resyncer::fuzz {

// The bytes under a path, for readers that take nothing else. In memory: a fuzzer makes thousands a second.
class InputFile {
 public:
  InputFile(const std::uint8_t* data, std::size_t size) : fd_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    if (fd_ < 0 || ::write(fd_, data, size) != ssize_t(size)) std::abort();
  }
  ~InputFile() { ::close(fd_); }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

// A file is read or refused with an Error; anything else that is thrown is a finding.
template <typename Read>
int read_or_refuse(Read read) {
  try {
    read();
  } catch (const core::Error& refusal) {
    if (refusal.kind() == core::ErrorKind::internal) throw;
  }
  return 0;
}

inline void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace resyncer::fuzz
