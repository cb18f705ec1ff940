// What a job's result depends on, as one hash: equal keys, equal results.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "resyncer/batch/job.h"

namespace resyncer::batch {

// A file as the file system tells it apart: when all of this is the same, so is its content. The time of the
// last change of the inode is in it, because that of the content can be set at will.
struct FileStamp {
  std::uint64_t bytes = 0, inode = 0;
  std::int64_t modified_ns = 0, changed_ns = 0;
  bool operator==(const FileStamp& other) const;
};
// Throws Error{input}.
FileStamp stamp_of(const std::filesystem::path& file);

struct HashedFile {
  FileStamp stamp;
  std::string sha256;
};

// Content hashes, each file read once while its stamp stays.
class FileHashes {
 public:
  // Throws Error{input}. Of a folder: over the names and contents of the files in it, not of its subfolders.
  std::string of(const std::filesystem::path& path);
  // What an earlier run found.
  void remember(const std::filesystem::path& file, HashedFile known);
  // What was read since the last call.
  std::map<std::filesystem::path, HashedFile> take_new();

 private:
  std::map<std::filesystem::path, HashedFile> known_, new_;
};

// Over the contents of video, speech and every file or folder that an option or a speaker map names, the
// options (but --threads, on which no result depends), and `program`: version and weights. `folder`: what
// relative paths are relative to. Throws Error{input}.
std::string job_key(const Job& job, const std::filesystem::path& folder, const std::string& program,
                    FileHashes* hashes);

}  // namespace resyncer::batch
