#include "resyncer/batch/job_key.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "resyncer/pipeline/content_hash.h"
#include "resyncer/pipeline/speakers.h"

namespace resyncer::batch {

namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorKind;

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

// Every part with its length before it, so that no two lists of parts give one text.
void add(std::string* text, const std::string& part) { *text += std::to_string(part.size()) + ':' + part; }

std::string hash(const std::string& text) { return pipeline::content_hash(text.data(), text.size()); }

}  // namespace

bool FileStamp::operator==(const FileStamp& other) const {
  return bytes == other.bytes && inode == other.inode && modified_ns == other.modified_ns &&
         changed_ns == other.changed_ns;
}

FileStamp stamp_of(const fs::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) throw Error(ErrorKind::input, std::strerror(errno), file.string());
  return {std::uint64_t(status.st_size), std::uint64_t(status.st_ino), nanoseconds(status.st_mtim),
          nanoseconds(status.st_ctim)};
}

void FileHashes::remember(const fs::path& file, HashedFile known) { known_[file] = std::move(known); }

std::map<fs::path, HashedFile> FileHashes::take_new() { return std::exchange(new_, {}); }

std::string FileHashes::of(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    std::vector<fs::path> files;
    for (fs::directory_iterator file(path, ignored), end; !ignored && file != end; file.increment(ignored))
      if (std::error_code unknown; file->is_regular_file(unknown)) files.push_back(file->path());
    std::sort(files.begin(), files.end());
    std::string text;
    for (const fs::path& file : files) {
      add(&text, file.filename().string());
      add(&text, of(file));
    }
    return hash(text);
  }
  const FileStamp stamp = stamp_of(path);
  const auto known = known_.find(path);
  if (known != known_.end() && known->second.stamp == stamp) return known->second.sha256;
  std::string sha256 = pipeline::content_hash(path);
  known_[path] = new_[path] = {stamp, sha256};
  return sha256;
}

std::string job_key(const Job& job, const fs::path& folder, const std::string& program, FileHashes* hashes) {
  std::string text;
  add(&text, program);
  add(&text, hashes->of(job.video));
  add(&text, job.speech.empty() ? "" : hashes->of(job.speech));
  std::vector<Field> options = job.options;  // their order means nothing, that of one option's values does
  std::sort(options.begin(), options.end(), [](const Field& a, const Field& b) { return a.name < b.name; });
  for (const Field& option : options) {
    if (option.name == "threads") continue;
    for (const std::string& value : option.values) {
      add(&text, option.name);
      const fs::path file = folder / value;
      std::error_code ignored;
      const bool input = !value.empty() && !names_output(option.name) &&
                         (fs::is_regular_file(file, ignored) || fs::is_directory(file, ignored));
      add(&text, input ? "file " + hashes->of(file) : "text " + value);
      for (const fs::path& speech : pipeline::speech_files(option.name, value, folder))
        if (fs::is_regular_file(speech, ignored)) add(&text, hashes->of(speech));
    }
  }
  return hash(text);
}

}  // namespace resyncer::batch
