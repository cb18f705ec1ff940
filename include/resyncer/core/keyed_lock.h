// A lock on a name, among processes and threads.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace resyncer::core {

// Held while the object lives: one byte, chosen by the key's hash, of a lock file that serves any number of
// keys and stays empty (fcntl(2), open file description locks). The kernel frees it with the process, however
// that ends. Two keys with one hash exclude each other, nothing worse. Where the file cannot be made, or the
// file system has no locks, nothing is locked and nothing is thrown: who uses it must stay right without.
class KeyedLock {
 public:
  KeyedLock(const std::filesystem::path& file, const std::string& key);  // waits for it
  static std::optional<KeyedLock> try_lock(const std::filesystem::path& file, const std::string& key);
  ~KeyedLock();
  KeyedLock(KeyedLock&& other) noexcept;
  KeyedLock& operator=(KeyedLock&& other) noexcept;
  KeyedLock(const KeyedLock&) = delete;
  KeyedLock& operator=(const KeyedLock&) = delete;

 private:
  KeyedLock() = default;
  int fd_ = -1;
};

}  // namespace resyncer::core
