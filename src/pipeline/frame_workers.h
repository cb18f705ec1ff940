// Frames in parallel, results in order: `work` runs on N threads, each with a state of its own; `collect`
// hands back the results in the order of submission. Bounded by the caller, who collects before submitting
// more than `capacity`.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

namespace resyncer::pipeline {

template <typename State, typename Task, typename Result>
class FrameWorkers {
 public:
  using Work = std::function<Result(State*, Task)>;

  FrameWorkers(int threads, Work work) : work_(std::move(work)), states_(std::size_t(threads)) {
    for (auto& state : states_) threads_.emplace_back([this, &state] { run(&state); });
  }
  ~FrameWorkers() { stop(); }
  FrameWorkers(const FrameWorkers&) = delete;
  FrameWorkers& operator=(const FrameWorkers&) = delete;

  std::size_t capacity() const { return states_.size() + 2; }
  std::size_t pending() const { return results_.size(); }

  void submit(Task task) {
    std::packaged_task<Result(State*)> job(
        [this, task = std::move(task)](State* state) mutable { return work_(state, std::move(task)); });
    results_.push_back(job.get_future());
    {
      std::lock_guard<std::mutex> lock(mutex_);
      jobs_.push_back(std::move(job));
    }
    ready_.notify_one();
  }

  // The oldest result; waits for it. Rethrows what the work threw.
  Result collect() {
    Result result = results_.front().get();
    results_.pop_front();
    return result;
  }

  // Ends the threads; the states can be read afterwards.
  const std::vector<State>& stop() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
      jobs_.clear();
    }
    ready_.notify_all();
    for (auto& thread : threads_)
      if (thread.joinable()) thread.join();
    return states_;
  }

 private:
  void run(State* state) {
    for (;;) {
      std::packaged_task<Result(State*)> job;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        ready_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
        if (stopping_) return;
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      job(state);
    }
  }

  Work work_;
  std::vector<State> states_;
  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::packaged_task<Result(State*)>> jobs_;
  std::deque<std::future<Result>> results_;
  bool stopping_ = false;
};

}  // namespace resyncer::pipeline
