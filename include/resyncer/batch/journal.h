// What a batch has done, so that the next one need not do it again: JSON lines, only ever appended.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
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

// A job that was done.
struct JournalEntry {
  std::string key;                      // job_key
  std::vector<WrittenFile> files;       // the output and what was written beside it
  std::vector<std::string> warnings{};  // of the render, for the reports of batches that leave it out
};

struct JournalContent {
  std::map<std::filesystem::path, JournalEntry> done;  // by output, the last of each
  std::set<std::filesystem::path> ours;                // files that a batch wrote or began to write
  std::map<std::filesystem::path, HashedFile> hashes;  // of inputs
  int ignored_lines = 0;                               // damaged or foreign
};

// Adds the lines of `text` to `content`, up to its last line break: what follows was cut off while it was
// written, or still is. Paths that are not absolute are taken from `folder`. Returns the bytes read. Never
// throws for what is wrong with the text.
std::size_t read_journal_text(const std::string& text, const std::filesystem::path& folder,
                              JournalContent* content);

class Journal {
 public:
  // `file` is made when missing. Further journals of its folder, as shards have, are read too and never
  // written: ".resyncer-journal*.jsonl". Throws Error{output} when the file cannot be written, Error{input}
  // for one of more than 1 GiB.
  enum class Access { append, read };  // read: nothing is made, written or claimed
  explicit Journal(const std::filesystem::path& file, Access access = Access::append);
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  const JournalContent& content() const { return content_; }
  void refresh();  // what was appended since, by anyone

  // One write and one fsync each, whole lines whatever other processes append. Throw Error{output}.
  void begin(const std::vector<std::filesystem::path>& outputs);
  void finish(const std::filesystem::path& output, const JournalEntry& entry);
  void hashed(const std::filesystem::path& file, const HashedFile& hash);

  // The right to work on an output, among all batches with journals in this folder; nullopt: another has it.
  std::optional<core::KeyedLock> claim(const std::filesystem::path& output) const;

 private:
  void append(const std::string& line);
  void read_more(const std::filesystem::path& file);

  std::filesystem::path file_, folder_;
  int fd_ = -1;
  std::map<std::filesystem::path, std::uintmax_t> read_;  // bytes of each journal
  JournalContent content_;
};

constexpr const char* kJournalStem = ".resyncer-journal";

// The content as the text of a journal. Paths in `folder` are relative to it.
std::string journal_text(const JournalContent& content, const std::filesystem::path& folder);

}  // namespace resyncer::batch
