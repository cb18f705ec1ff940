// The lines of a journal, with their line breaks.
#pragma once

#include "resyncer/batch/journal.h"

namespace resyncer::batch {

std::string begin_line(const std::vector<std::filesystem::path>& outputs,
                       const std::filesystem::path& folder);
std::string done_line(const std::filesystem::path& output, const JournalEntry& entry,
                      const std::filesystem::path& folder);
std::string hash_line(const std::filesystem::path& file, const HashedFile& hash,
                      const std::filesystem::path& folder);

}  // namespace resyncer::batch
