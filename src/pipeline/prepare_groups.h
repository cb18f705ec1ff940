// What all kinds of dataset share: the list of files, their groups and speakers, the loop over groups.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "resyncer/core/tensor_file.h"
#include "resyncer/pipeline/prepare.h"

namespace resyncer::pipeline {

struct SourceFile {
  std::filesystem::path path;
  int speaker = 0;
};

struct SourceGroup {
  std::string name;
  std::vector<SourceFile> files;
};

// Throws Error{usage} on a bad pattern, Error{input} when there is no file at all.
std::vector<SourceGroup> list_groups(const PrepareOptions& options);

struct Worker {  // what a thread keeps from group to group
  std::unique_ptr<track::FaceTracker> tracker;
};

// Calls `work(i)` for every group on options.threads threads. A core::Error of one group becomes a warning.
class GroupLoop {
 public:
  GroupLoop(const PrepareOptions& options, std::size_t groups) : options_(options), groups_(groups) {}
  void run(const std::vector<SourceGroup>& groups, const std::function<void(std::size_t, Worker*)>& work);
  void skip(const std::string& message, std::size_t files = 1);  // thread-safe
  std::size_t skipped() const { return skipped_; }

 private:
  const PrepareOptions& options_;
  std::size_t groups_;
  std::mutex mutex_;
  std::size_t next_ = 0, done_ = 0, skipped_ = 0;
};

// nullopt (and a warning) for a file that cannot be used.
std::vector<std::optional<Analysis>> analyse_group(const SourceGroup& group, const PrepareOptions& options,
                                                   GroupLoop* loop, Worker* worker);

// The group's files with one shared identity; files without a face are left out with a warning.
struct FittedFile {
  const SourceFile* file = nullptr;
  Analysis analysis;
  FittedFace face;
};
std::vector<FittedFile> fit_group(const SourceGroup& group, const PrepareOptions& options,
                                  const mesh::FaceModel& model, GroupLoop* loop, Worker* worker);

template <typename T>
void append(std::vector<T>* to, std::vector<T>* from) {
  to->insert(to->end(), from->begin(), from->end());
  std::vector<T>().swap(*from);
}

}  // namespace resyncer::pipeline
