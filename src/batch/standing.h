// Whether a job has to run, by what the journal says and what lies on the disk.
#pragma once

#include "resyncer/batch/job.h"
#include "resyncer/batch/journal.h"

namespace resyncer::batch {

enum class Standing {
  run,
  unchanged,  // its results are there, made from the same inputs
  refused     // a file lies in the way that no batch wrote
};
struct Verdict {
  Standing standing = Standing::run;
  std::filesystem::path in_the_way;  // when refused
  bool overwrites = false;           // when run: something is there
};
Verdict judge(const Job& job, const std::string& key, const JournalContent& journal,
              const std::vector<std::filesystem::path>& outputs, bool overwrite);

}  // namespace resyncer::batch
