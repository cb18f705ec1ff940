// What a batch has done, so that the next one need not do it again: JSON lines, only ever appended.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "resyncer/batch/job_key.h"
#include "resyncer/core/keyed_lock.h"

namespace resyncer::batch {

struct WrittenFile {
  std::filesystem::path path;
  std::uint64_t bytes = 0;
  std::int64_t modified_ns = 0;
  std::string sha256;
};

// Throws Error{input}.
WrittenFile describe_written(const std::filesystem::path& path);
// Whether the file still is what was written: by size and time, else by its content.
bool is_unchanged(const WrittenFile& file);

// The last that is known of an output.
struct JournalEntry {
  bool done = false;              // false: it was begun, never finished
  std::string key;                // job_key
  std::vector<WrittenFile> files; // of a job that is done, the output first
};

struct JournalContent {
  std::map<std::filesystem::path, JournalEntry> outputs;  // by output
  std::map<std::filesystem::path, HashedFile> hashes;     // of inputs
  int ignored_lines = 0;                                  // damaged or foreign; a last line cut off is none
};

// Adds the lines of `text` to `content`. Paths that are not absolute are taken from `folder`. Never throws for
// what is wrong with the text.
void read_journal_text(const std::string& text, const std::filesystem::path& folder, JournalContent* content);

class Journal {
 public:
  // `file` is made when missing. Further journals of the same folder, as shards have, are read too and never
  // written: ".resyncer-journal*.jsonl". Throws Error{output} when the file cannot be written, Error{input} for
  // one of more than 1 GiB.
  explicit Journal(const std::filesystem::path& file);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  const JournalContent& content() const { return content_; }
  void reread();  // what others have appended since

  // One write and one fsync each, whole lines whatever other processes append. Throw Error{output}.
  void begin(const std::filesystem::path& output, const std::string& key);
  void finish(const std::filesystem::path& output, const JournalEntry& entry);
  void hashed(const std::filesystem::path& file, const HashedFile& hash);

  // The right to work on an output, among all batches with journals in this folder; nullopt: another has it.
  std::optional<core::KeyedLock> claim(const std::filesystem::path& output) const;

 private:
  void append(const std::string& line);

  std::filesystem::path file_, folder_;
  int fd_ = -1;
  JournalContent content_;
};

constexpr const char* kJournalStem = ".resyncer-journal";

// A journal of the last entry of each output and file, as text. Paths in `folder` are relative to it.
std::string journal_text(const JournalContent& content, const std::filesystem::path& folder);

}  // namespace resyncer::batch
