#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "resyncer/pipeline/report.h"

namespace resyncer::cli {

// --fail-below and --fail-above, as they were typed: METRIC=VALUE, any number of them.
struct LimitFlags {
  std::vector<std::string> below, above;
};
void add_limit_options(CLI::App* command, LimitFlags* flags);

struct Limit {
  const pipeline::Metric* metric = nullptr;
  bool is_lower = false;  // the figure must not be below it
  double value = 0;
};
// Throws core::Error{usage} with the list of names when a name is none of these, or no number follows.
std::vector<Limit> parse_limits(const LimitFlags& flags, const std::vector<pipeline::Metric>& metrics);

// Throws core::Error{limit}, one sentence that names every figure beyond its limit. A figure that was not
// measured does not keep its limit: what CI relies on must not vanish unseen.
void check_limits(const std::vector<Limit>& limits, const pipeline::Figures& figures);

}  // namespace resyncer::cli
