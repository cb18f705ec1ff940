#include "resyncer/batch/journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>

#include "batch/journal_lines.h"
#include "resyncer/core/error.h"
#include "resyncer/pipeline/content_hash.h"

namespace resyncer::batch {

namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorKind;

constexpr std::uintmax_t kMostBytes = std::uintmax_t{1} << 30;

bool is_journal(const fs::path& file) {
  return file.filename().string().rfind(kJournalStem, 0) == 0 && file.extension() == ".jsonl";
}

}  // namespace

WrittenFile describe_written(const fs::path& path) {
  std::string sha256 = pipeline::content_hash(path);
  const FileStamp stamp = stamp_of(path);
  return {path, stamp.bytes, stamp.modified_ns, std::move(sha256)};
}

bool is_unchanged(const WrittenFile& file) {
  try {
    const FileStamp now = stamp_of(file.path);
    if (now.bytes != file.bytes) return false;
    return now.modified_ns == file.modified_ns || pipeline::content_hash(file.path) == file.sha256;
  } catch (const Error&) {
    return false;
  }
}

Journal::Journal(const fs::path& file, Access access) : file_(file), folder_(file.parent_path()) {
  if (access == Access::read) {
    refresh();
    return;
  }
  std::error_code error;
  fs::create_directories(folder_, error);
  fd_ = ::open(file_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (fd_ < 0)
    throw Error(ErrorKind::output, std::string("the journal cannot be written: ") + std::strerror(errno),
                file_.string(), "name another with --journal");
  refresh();
}

Journal::~Journal() {
  if (fd_ >= 0) ::close(fd_);
}

void Journal::refresh() {
  std::vector<fs::path> others;
  std::error_code error;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error))
    if (is_journal(it->path()) && it->path() != file_) others.push_back(it->path());
  std::sort(others.begin(), others.end());
  for (const fs::path& other : others) read_more(other);
  read_more(file_);
}

void Journal::read_more(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return;
  const std::uintmax_t bytes = fs::file_size(file, error);
  std::uintmax_t& read = read_[file];
  if (error || bytes == read) return;
  if (bytes > kMostBytes)
    throw Error(ErrorKind::input, "the journal is larger than 1 GiB", file.string(), "remove it");
  if (bytes < read) read = 0;  // another file by now
  std::ifstream stream(file, std::ios::binary);
  stream.seekg(std::streamoff(read));
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  read += read_journal_text(text, folder_, &content_);
}

void Journal::append(const std::string& line) {
  const core::KeyedLock turn(file_, "append");
  struct stat before {};
  char last = '\n';
  if (::fstat(fd_, &before) == 0 && before.st_size > 0) (void)!::pread(fd_, &last, 1, before.st_size - 1);
  const std::string text = last == '\n' ? line : "\n" + line;  // another one was killed while it wrote
  const ssize_t written = ::write(fd_, text.data(), text.size());
  const int cause = written < 0 ? errno : ENOSPC;
  if (written == ssize_t(text.size()) && ::fsync(fd_) == 0) return;
  if (written > 0) (void)!::ftruncate(fd_, before.st_size);
  throw Error(ErrorKind::output, std::string("the journal cannot be written: ") + std::strerror(cause),
              file_.string(), "free some disk space");
}

void Journal::begin(const std::vector<fs::path>& outputs) {
  append(begin_line(outputs, folder_));
  content_.ours.insert(outputs.begin(), outputs.end());
}

void Journal::finish(const fs::path& output, const JournalEntry& entry) {
  append(done_line(output, entry, folder_));
  for (const WrittenFile& file : entry.files) content_.ours.insert(file.path);
  content_.done[output] = entry;
}

void Journal::hashed(const fs::path& file, const HashedFile& hash) {
  // A file changed twice within one tick of the clock keeps its stamp: what is that young is not believed.
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::int64_t age =
      std::chrono::duration_cast<std::chrono::nanoseconds>(now).count() - hash.stamp.changed_ns;
  const auto known = content_.hashes.find(file);
  const bool news = known == content_.hashes.end() || !(known->second.stamp == hash.stamp);
  constexpr std::int64_t kTick = 2'000'000'000;
  if (age < kTick || !news) return;
  append(hash_line(file, hash, folder_));
  content_.hashes[file] = hash;
}

std::optional<core::KeyedLock> Journal::claim(const fs::path& output) const {
  // One file for all shards: who runs the whole manifest beside them must see their claims.
  return core::KeyedLock::try_lock(folder_ / (std::string(kJournalStem) + ".jsonl"), output.string());
}

}  // namespace resyncer::batch
