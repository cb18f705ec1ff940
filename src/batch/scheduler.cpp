#include "batch/scheduler.h"

#include <poll.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "batch/render_child.h"
#include "resyncer/core/output_file.h"

namespace resyncer::batch {

namespace {

namespace fs = std::filesystem;
using core::ErrorKind;

constexpr auto kLookAgain = std::chrono::seconds(1);  // whether another batch has finished a job
constexpr auto kPatience = std::chrono::seconds(10);  // for renders that were told to end

// What two jobs must have in common to share analysis and adaptation.
std::string group_of(const Job& job) {
  std::string text = job.video.string() + '\n' + option_of(job, "landmarks");
  const std::string adapt = option_of(job, "adapt");
  if (!adapt.empty())
    for (const char* option : {"adapt", "face", "face-at", "face-box"}) text += '\n' + option_of(job, option);
  if (!option_of(job, "no-cache").empty()) text += "\nrow " + std::to_string(job.row);  // shares nothing
  return text;
}

std::string in_gigabytes(std::int64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GB", double(bytes) / 1e9);
  return text;
}

}  // namespace

Scheduler::Scheduler(const std::vector<Job>& jobs, Journal* journal, const RunOptions& options)
    : journal_(journal), options_(options), cores_(available_cores()) {
  most_ = options.jobs > 0 ? options.jobs : default_jobs(cores_);
  for (const auto& [file, hash] : journal->content().hashes) hashes_.remember(file, hash);
  work_.reserve(jobs.size());
  for (const Job& job : jobs) {
    Work& work = work_.emplace_back();
    work.job = &job;
    work.group = &groups_[group_of(job)];
    work.outputs = outputs_of(job, options.folder);
    work.result.row = job.row;
    work.result.name = job.name;
    work.result.video = job.video.string();
    work.result.speech = job.speech.string();
    work.result.output = job.output.string();
  }
}

RunEnd Scheduler::run() {
  for (Work& work : work_)
    if (work.job->fault) fail(&work, *work.job->fault);
  while (true) {
    if (failed_ && options_.fail_fast) leave_out_the_rest("left out after a failure (--fail-fast)");
    if (signals_.caught() != 0) leave_out_the_rest("the batch was interrupted");
    start_what_can();
    if (running_.empty() && finished_ == int(work_.size())) break;
    wait();
  }
  RunEnd end;
  for (Work& work : work_) end.results.push_back(std::move(work.result));
  end.signal = signals_.caught();
  return end;
}

void Scheduler::start_what_can() {
  while (first_open_ < work_.size() && work_[first_open_].finished) ++first_open_;
  for (std::size_t i = first_open_; i < work_.size() && int(running_.size()) < most_; ++i) {
    if (signals_.caught() != 0 || (failed_ && options_.fail_fast)) return;
    if (may_start(work_[i])) consider(&work_[i]);
  }
}

bool Scheduler::may_start(const Work& work) const {
  if (work.running || work.finished || work.not_before > Clock::now()) return false;
  if (work.group->led && !work.group->ready) return false;
  const bool disturbed = work.alone || (!running_.empty() && running_.front().work->alone);
  return running_.empty() || !disturbed;
}

void Scheduler::consider(Work* work) {
  RenderSize size{options_.pixels ? options_.pixels(work->job->video) : 0, threads_for(*work),
                  !option_of(*work->job, "adapt").empty()};
  const std::int64_t limit = options_.max_memory_bytes;
  if (limit > 0 && memory_in_use() + estimate_.of(size) > limit) {
    if (!running_.empty()) return;  // when one of them has ended
    if (option_of(*work->job, "threads").empty()) size.threads = 1;
    if (const std::int64_t bytes = estimate_.of(size); bytes > limit)
      return fail(work, {ErrorKind::memory,
                         "needs about " + in_gigabytes(bytes) + ", more than --max-memory allows"});
  }
  if (!work->claim) {
    work->claim = journal_->claim(work->job->output);
    if (!work->claim) {
      work->not_before = Clock::now() + kLookAgain;
      return;
    }
  }
  Verdict verdict;
  if (std::optional<Fault> fault = prepare(work, &verdict)) return fail(work, *fault);
  if (verdict.standing == Standing::unchanged) {
    work->result.warnings = journal_->content().done.at(work->job->output).warnings;
    return finish(work, State::unchanged);
  }
  try {
    start(work, size, verdict.overwrites);
  } catch (const core::Error& e) {
    fail(work, {e.kind(), e.what()});
  }
}

std::optional<Fault> Scheduler::prepare(Work* work, Verdict* verdict) {
  journal_->refresh();  // another batch may have done it since
  for (const fs::path& file : work->outputs) core::remove_abandoned(file);
  try {
    work->key = job_key(*work->job, options_.folder, options_.program, &hashes_);
  } catch (const core::Error& e) {
    return Fault{e.kind(), e.what()};
  }
  for (const auto& [file, hash] : hashes_.take_new()) journal_->hashed(file, hash);
  *verdict = judge(*work->job, work->key, journal_->content(), work->outputs, options_.overwrite);
  if (verdict->standing == Standing::refused)
    return Fault{ErrorKind::output,
                 verdict->in_the_way.string() + ": exists already; pass -y to overwrite it"};
  if (verdict->standing == Standing::unchanged) return std::nullopt;
  for (const fs::path& file : work->outputs) {
    std::error_code error;
    fs::create_directories(file.parent_path(), error);
    if (error)
      return Fault{ErrorKind::output,
                   file.parent_path().string() + ": the folder cannot be made: " + error.message()};
  }
  return std::nullopt;
}

// Cores are divided by how many renders may run at once; all of them go to one that nothing can run beside.
int Scheduler::threads_for(const Work& work) const {
  const int chosen = std::atoi(option_of(*work.job, "threads").c_str());
  if (chosen > 0) return chosen;
  if (work.alone) return 1;
  if (options_.threads > 0) return options_.threads;
  if (running_.empty() && !others_could_run(work)) return cores_;
  return std::max(1, cores_ / most_);
}

bool Scheduler::others_could_run(const Work& work) const {
  if (most_ == 1) return false;
  const bool leads = !work.group->ready;
  return std::any_of(work_.begin() + long(first_open_), work_.end(), [&](const Work& other) {
    return &other != &work && !other.finished && !(leads && other.group == work.group);
  });
}

std::int64_t Scheduler::memory_in_use() const {
  std::int64_t bytes = 0;
  for (const Running& running : running_) bytes += running.memory_bytes;
  return bytes;
}

void Scheduler::start(Work* work, const RenderSize& size, bool overwrites) {
  journal_->begin(work->outputs);
  Running running;
  running.child = std::make_unique<Child>(
      child_arguments(*work->job, options_.child_options, size.threads, overwrites), options_.folder);
  running.work = work;
  running.size = size;
  running.memory_bytes = estimate_.of(size);
  running.leads = !work->group->ready;
  running.start = Clock::now();
  work->group->led = work->group->led || running.leads;
  work->running = true;
  ++work->result.attempts;
  running_.push_back(std::move(running));
}

void Scheduler::wait() {
  std::vector<pollfd> watched = {{signals_.fd(), POLLIN, 0}};
  if (forwarded_ != 0) watched[0].fd = -1;  // it stays readable
  for (const Running& running : running_)
    for (int fd : {running.child->process_fd(), running.child->talk_fd(), running.child->progress_fd()})
      watched.push_back({fd, POLLIN, 0});
  const int look_again = int(std::chrono::milliseconds(kLookAgain).count());
  ::poll(watched.data(), watched.size(), look_again);
  forward_signal();
  std::size_t next = 1;
  for (auto running = running_.begin(); running != running_.end(); next += 3) {
    const bool ended = (watched[next].revents & POLLIN) != 0;
    look_after(&*running);
    if (ended) conclude(&*running);
    running = ended ? running_.erase(running) : std::next(running);
  }
}

void Scheduler::look_after(Running* running) {
  running->child->read();
  if (running->leads && running->child->stage() == "render") {
    running->work->group->ready = true;
    running->leads = false;
  }
}

void Scheduler::conclude(Running* running) {
  Work* work = running->work;
  const ChildEnd end = running->child->end();
  look_after(running);
  work->running = false;
  if (running->leads) work->group->led = false;  // another one may try
  JobResult& result = work->result;
  result.seconds += std::chrono::duration<double>(Clock::now() - running->start).count();
  result.peak_memory_bytes = std::max(result.peak_memory_bytes, end.peak_memory_bytes);
  result.warnings = running->child->warnings();
  std::optional<Fault> fault = fault_of_end(*running->child, end);
  if (!fault) {
    estimate_.learn(running->size, end.peak_memory_bytes);
    work->group->ready = true;
    fault = record(work);
  }
  if (!fault) return finish(work, State::rendered);
  for (const fs::path& file : work->outputs) core::remove_abandoned(file);
  if (signals_.caught() != 0) {
    result.message = "the batch was interrupted";
    return finish(work, State::not_run);
  }
  const bool again =
      can_pass(fault->kind) && result.attempts <= options_.retries && !(failed_ && options_.fail_fast);
  work->alone = fault->kind == ErrorKind::memory;
  result.log = running->child->tail();
  if (!again) fail(work, *fault);
}

std::optional<Fault> Scheduler::record(Work* work) {
  JournalEntry entry{work->key, {}, work->result.warnings};
  try {
    for (const fs::path& file : work->outputs) {
      std::error_code ignored;
      if (file == work->job->output || fs::exists(file, ignored))
        entry.files.push_back(describe_written(file));
    }
    // Had an input been changed meanwhile, the key would speak of another one.
    if (job_key(*work->job, options_.folder, options_.program, &hashes_) != work->key)
      return Fault{ErrorKind::input, "an input was changed while it was rendered; run the batch again"};
  } catch (const core::Error& e) {
    return Fault{e.kind(), e.what()};
  }
  journal_->finish(work->job->output, entry);
  return std::nullopt;
}

void Scheduler::forward_signal() {
  const int caught = signals_.caught();
  if (caught == 0) return;
  if (forwarded_ == 0) patience_ = Clock::now() + kPatience;
  const bool out_of_patience = forwarded_ != 0 && Clock::now() > patience_;
  if (forwarded_ != 0 && !out_of_patience) return;
  for (const Running& running : running_) running.child->signal(out_of_patience ? SIGKILL : caught);
  forwarded_ = caught;
}

void Scheduler::fail(Work* work, const Fault& fault) {
  work->result.kind = fault.kind;
  work->result.message = fault.message;
  failed_ = true;
  finish(work, State::failed);
}

void Scheduler::finish(Work* work, State state) {
  work->result.state = state;
  work->finished = true;
  work->claim.reset();
  ++finished_;
  if (options_.finished) options_.finished(work->result, finished_, int(work_.size()));
}

void Scheduler::leave_out_the_rest(const std::string& why) {
  for (Work& work : work_) {
    if (work.finished || work.running) continue;
    work.result.message = why;
    finish(&work, State::not_run);
  }
}

}  // namespace resyncer::batch
