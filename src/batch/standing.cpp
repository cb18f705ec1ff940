#include "batch/standing.h"

#include <algorithm>

namespace resyncer::batch {

namespace fs = std::filesystem;

Verdict judge(const Job& job, const std::string& key, const JournalContent& journal,
              const std::vector<fs::path>& outputs, bool overwrite) {
  const auto known = journal.done.find(job.output);
  const bool done = known != journal.done.end() && known->second.key == key &&
                    std::all_of(known->second.files.begin(), known->second.files.end(), is_unchanged);
  if (done) return {Standing::unchanged, {}, false};
  Verdict verdict;
  for (const fs::path& file : outputs) {
    std::error_code ignored;
    if (!fs::exists(fs::symlink_status(file, ignored))) continue;
    if (!overwrite && journal.ours.count(file) == 0) return {Standing::refused, file, false};
    verdict.overwrites = true;
  }
  return verdict;
}

}  // namespace resyncer::batch
