// Which job runs when.
#pragma once

#include <chrono>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "batch/child.h"
#include "batch/memory_estimate.h"
#include "batch/signals.h"
#include "batch/standing.h"
#include "resyncer/batch/run.h"

namespace resyncer::batch {

// One thread, which starts processes and waits for them. Jobs of one video let the first of them run ahead
// until it paints: by then the analysis and the adaptation are in the cache, and each is made once.
class Scheduler {
 public:
  Scheduler(const std::vector<Job>& jobs, Journal* journal, const RunOptions& options);
  RunEnd run();

 private:
  using Clock = std::chrono::steady_clock;
  struct Group {
    bool ready = false;  // what its jobs share is in the cache
    bool led = false;    // one of them is making it
  };
  struct Work {
    const Job* job = nullptr;
    Group* group = nullptr;
    std::vector<std::filesystem::path> outputs;
    std::string key;
    JobResult result;
    bool running = false, finished = false;
    bool alone = false;            // it ran out of memory beside others
    Clock::time_point not_before;  // another batch is at work on it
    std::optional<core::KeyedLock> claim;
  };
  struct Running {
    Work* work = nullptr;
    std::unique_ptr<Child> child;
    RenderSize size;
    std::int64_t memory_bytes = 0;
    bool leads = false;
    Clock::time_point start;
  };

  void start_what_can();
  bool may_start(const Work& work) const;
  void consider(Work* work);  // starts it, finishes it, or leaves it for later
  std::optional<Fault> prepare(Work* work, Verdict* verdict);
  int threads_for(const Work& work) const;
  bool others_could_run(const Work& work) const;
  std::int64_t memory_in_use() const;
  void start(Work* work, const RenderSize& size, bool overwrites);

  void wait();
  void look_after(Running* running);
  void conclude(Running* running);
  std::optional<Fault> record(Work* work);
  void forward_signal();

  void fail(Work* work, const Fault& fault);
  void finish(Work* work, State state);
  void leave_out_the_rest(const std::string& why);

  Journal* journal_;
  const RunOptions& options_;
  int most_, cores_;
  FileHashes hashes_;
  MemoryEstimate estimate_;
  std::map<std::string, Group> groups_;
  std::vector<Work> work_;
  std::list<Running> running_;
  std::size_t first_open_ = 0;  // all before it are finished
  int finished_ = 0;
  bool failed_ = false;
  SignalWatch signals_;
  int forwarded_ = 0;
  Clock::time_point patience_;  // until which ended renders are waited for
};

}  // namespace resyncer::batch
