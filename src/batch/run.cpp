#include "resyncer/batch/run.h"

#include <algorithm>
#include <thread>

#include "batch/scheduler.h"
#include "batch/standing.h"

namespace resyncer::batch {

int available_cores() { return int(std::max(1U, std::thread::hardware_concurrency())); }

int default_jobs(int cores) { return std::max(1, cores / 2); }

const char* name(Outlook::What what) {
  return what == Outlook::What::run ? "run" : what == Outlook::What::unchanged ? "unchanged" : "fail";
}

std::vector<Outlook> foresee(const std::vector<Job>& jobs, const Journal& journal,
                             const RunOptions& options) {
  FileHashes hashes;
  for (const auto& [file, hash] : journal.content().hashes) hashes.remember(file, hash);
  std::vector<Outlook> outlooks;
  for (const Job& job : jobs) {
    Outlook& outlook = outlooks.emplace_back();
    Fault fault;
    try {
      if (job.fault) throw *job.fault;
      const std::string key = job_key(job, options.folder, options.program, &hashes);
      const Verdict verdict =
          judge(job, key, journal.content(), outputs_of(job, options.folder), options.overwrite);
      if (verdict.standing == Standing::unchanged) outlook.what = Outlook::What::unchanged;
      if (verdict.standing == Standing::refused)
        throw Fault{core::ErrorKind::output,
                    verdict.in_the_way.string() + ": exists already; pass -y to overwrite it"};
    } catch (const Fault& known) {
      outlook = {Outlook::What::fail, known.message};
    } catch (const core::Error& e) {
      outlook = {Outlook::What::fail, e.what()};
    }
  }
  return outlooks;
}

RunEnd run_jobs(const std::vector<Job>& jobs, Journal* journal, const RunOptions& options) {
  return Scheduler(jobs, journal, options).run();
}

}  // namespace resyncer::batch
