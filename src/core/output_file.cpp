#include "resyncer/core/output_file.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <string>
#include <system_error>

#include "resyncer/core/error.h"
#include "resyncer/core/stale_outputs.h"

namespace resyncer::core {

namespace {
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

// Of a temporary file's name, before process and counter.
std::string temporary_prefix(const std::filesystem::path& target) {
  // Not longer than the target's name where that is as long as a file system allows.
  constexpr std::size_t kStem = 200;
  return "." + target.stem().string().substr(0, kStem) + ".partial-";
}

// The process of "<prefix><process>-<counter><extension>"; 0 = another name.
pid_t process_of(const std::string& name, const std::string& prefix, const std::string& extension) {
  if (name.size() < prefix.size() + extension.size() || name.compare(0, prefix.size(), prefix) != 0 ||
      name.compare(name.size() - extension.size(), extension.size(), extension) != 0)
    return 0;
  const char* end = name.data() + name.size() - extension.size();
  pid_t process = 0;
  int counter = 0;
  auto [dash, bad_process] = std::from_chars(name.data() + prefix.size(), end, process);
  if (bad_process != std::errc() || dash == end || *dash != '-') return 0;
  auto [last, bad_counter] = std::from_chars(dash + 1, end, counter);
  return bad_counter == std::errc() && last == end && counter >= 0 && process > 0 ? process : 0;
}
}  // namespace

void remove_stale_outputs(const std::filesystem::path& target) noexcept try {
  const std::string prefix = temporary_prefix(target), extension = target.extension().string();
  std::error_code error, ignored;
  std::filesystem::directory_iterator file(target.has_parent_path() ? target.parent_path() : ".", error), end;
  for (; !error && file != end; file.increment(error)) {
    const pid_t process = process_of(file->path().filename().string(), prefix, extension);
    if (process > 0 && ::kill(process, 0) != 0 && errno == ESRCH)
      std::filesystem::remove(file->path(), ignored);
  }
} catch (...) {  // out of memory: then they stay
}

OutputFile::OutputFile(const std::filesystem::path& target) : target_(target) {
  std::filesystem::path folder = target.has_parent_path() ? target.parent_path() : ".";
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored))
    throw Error(ErrorKind::output, "the folder does not exist", folder.string(), "create it first");
  if (::access(folder.c_str(), W_OK) != 0)
    throw Error(ErrorKind::output, "the folder is not writable", folder.string(),
                "choose another folder with -o");
  static std::atomic<int> counter{0};
  temporary_ = folder / (temporary_prefix(target) + std::to_string(::getpid()) + "-" +
                         std::to_string(counter++) + target.extension().string());
  enlist(temporary_.string());
}

OutputFile::~OutputFile() {
  if (committed_) return;
  std::error_code ignored;
  std::filesystem::remove(temporary_, ignored);
  strike(temporary_.string());
}

void OutputFile::commit() {
  int fd = ::open(temporary_.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw Error(ErrorKind::output, std::strerror(errno), temporary_.string());
  int failed = ::fsync(fd);
  int cause = errno;
  ::close(fd);
  if (failed != 0)
    throw Error(ErrorKind::output, std::strerror(cause), target_.string(), "free some disk space");
  std::error_code error;
  std::filesystem::rename(temporary_, target_, error);
  if (error) throw Error(ErrorKind::output, error.message(), target_.string());
  strike(temporary_.string());
  committed_ = true;
}

void write_text(const std::filesystem::path& path, const std::string& text) {
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
