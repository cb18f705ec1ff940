#include "resyncer/core/output_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

#include "resyncer/core/error.h"

namespace resyncer::core {

namespace {
namespace fs = std::filesystem;

// Fixed storage, because the signal path may not allocate or lock.
constexpr std::size_t kSlots = 16, kPathBytes = 4096;
struct Slot {
  std::atomic<bool> taken{false}, live{false};
  std::array<char, kPathBytes> path{};
};
std::array<Slot, kSlots> g_slots;

void enlist(const std::string& path) {
  if (path.size() >= kPathBytes) return;
  for (auto& slot : g_slots) {
    bool free = false;
    if (!slot.taken.compare_exchange_strong(free, true)) continue;
    std::memcpy(slot.path.data(), path.c_str(), path.size() + 1);
    slot.live = true;
    return;
  }
}

void strike(const std::string& path) {
  for (auto& slot : g_slots) {
    if (slot.live && path == slot.path.data()) {
      slot.live = false;
      slot.taken = false;
    }
  }
}

fs::path folder_of(const fs::path& target) { return target.has_parent_path() ? target.parent_path() : "."; }

std::string prefix_of(const fs::path& target) {
  constexpr std::size_t kStem = 200;  // a temporary name is no longer than a file system allows
  return "." + target.stem().string().substr(0, kStem) + ".partial-";
}

// "<prefix><process>-<number><extension>"
bool is_temporary(const std::string& name, const std::string& prefix, const std::string& extension) {
  if (name.size() <= prefix.size() + extension.size() || name.compare(0, prefix.size(), prefix) != 0 ||
      name.compare(name.size() - extension.size(), extension.size(), extension) != 0)
    return false;
  const std::string numbers = name.substr(prefix.size(), name.size() - prefix.size() - extension.size());
  const std::size_t dash = numbers.find('-');
  auto is_number = [](const std::string& text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  };
  return dash != std::string::npos && is_number(numbers.substr(0, dash)) &&
         is_number(numbers.substr(dash + 1));
}

// Whether the open file is still the one of this name.
bool is_at(int fd, const fs::path& path) {
  struct stat open {
  }, named{};
  return ::fstat(fd, &open) == 0 && ::stat(path.c_str(), &named) == 0 && open.st_ino == named.st_ino &&
         open.st_dev == named.st_dev;
}
}  // namespace

OutputFile::OutputFile(const fs::path& target) : target_(target) {
  const fs::path folder = folder_of(target);
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored))
    throw Error(ErrorKind::output, "the folder does not exist", folder.string(), "create it first");
  if (written_in_place(target)) {
    temporary_ = target;
    return;
  }
  if (fs::is_directory(target, ignored))
    throw Error(ErrorKind::output, "is a folder", target.string(), "name a file");
  create(folder);
}

// Locked before anybody can take it for abandoned, or made anew under the next number.
void OutputFile::create(const fs::path& folder) {
  static std::atomic<int> counter{0};
  while (true) {
    temporary_ = folder / (prefix_of(target_) + std::to_string(::getpid()) + "-" + std::to_string(counter++) +
                           target_.extension().string());
    enlist(temporary_.string());
    lock_ = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    const int cause = errno;
    if (lock_ >= 0 && (::flock(lock_, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) &&
        is_at(lock_, temporary_))
      return;
    strike(temporary_.string());
    if (lock_ >= 0) {
      ::close(std::exchange(lock_, -1));
    } else if (cause == EACCES || cause == EPERM || cause == EROFS) {
      throw Error(ErrorKind::output, "the folder is not writable", folder.string(),
                  "choose another folder with -o");
    } else if (cause != EEXIST) {
      throw Error(ErrorKind::output, std::strerror(cause), target_.string(),
                  cause == ENOSPC ? "free some disk space" : "");
    }
  }
}

OutputFile::~OutputFile() {
  if (lock_ < 0) return;
  if (!committed_) {
    ::unlink(temporary_.c_str());
    strike(temporary_.string());
  }
  ::close(lock_);
}

void OutputFile::commit() {
  committed_ = true;
  if (lock_ < 0) return;
  committed_ = false;
  if (::fsync(lock_) != 0)
    throw Error(ErrorKind::output, std::strerror(errno), target_.string(), "free some disk space");
  std::error_code error;
  fs::rename(temporary_, target_, error);
  if (error) throw Error(ErrorKind::output, error.message(), target_.string());
  strike(temporary_.string());
  committed_ = true;
}

bool written_in_place(const fs::path& target) {
  std::error_code error;
  const fs::file_status status = fs::status(target, error);
  if (fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status)) return true;
  // "/dev/stdout" may be a regular file, and still a link in /dev that must stay.
  const fs::path parent = target.parent_path();
  const fs::path link = parent == "/dev" ? fs::read_symlink(target, error) : target;
  const fs::path home = fs::canonical(folder_of(error ? target : link), error);
  return !error && (home == "/proc" || home.string().rfind("/proc/", 0) == 0);
}

void remove_abandoned(const fs::path& target) noexcept {
  try {
    const std::string prefix = prefix_of(target), extension = target.extension().string();
    std::error_code error;
    for (fs::directory_iterator it(folder_of(target), error), end; !error && it != end; it.increment(error)) {
      const std::string name = it->path().filename().string();
      if (!is_temporary(name, prefix, extension)) continue;
      const int fd = ::open(it->path().c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
      if (fd < 0) continue;
      if (::flock(fd, LOCK_EX | LOCK_NB) == 0) ::unlink(it->path().c_str());
      ::close(fd);
    }
  } catch (const std::exception&) {
    // What cannot be tidied now stays for the next time.
  }
}

void write_text(const fs::path& path, const std::string& text) {
  OutputFile file(path);
  std::ofstream stream(file.temporary(), std::ios::binary);
  stream << text << '\n';
  stream.close();
  if (!stream) throw Error(ErrorKind::output, "writing failed", path.string(), "is the disk full?");
  file.commit();
}

void remove_unfinished_outputs() noexcept {
  for (auto& slot : g_slots)
    if (slot.live) ::unlink(slot.path.data());
}

}  // namespace resyncer::core
