// How a job becomes a process, and what its end means.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "batch/child.h"
#include "resyncer/batch/job.h"

namespace resyncer::batch {

// The command line of a job's process: what every render of a batch is told, then the row. Whatever else
// every child should be told (as --resume) belongs here.
std::vector<std::string> child_arguments(const Job& job, const std::vector<std::string>& child_options,
                                         int threads, bool overwrites);

// nullopt = it did what it should.
std::optional<Fault> fault_of_end(const Child& child, const ChildEnd& end);

// Whether trying again can help: not against a wrong row or a bad file.
bool can_pass(core::ErrorKind kind);

}  // namespace resyncer::batch
