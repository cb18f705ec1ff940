#include "cli/metric_limits.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>

#include "resyncer/core/error.h"

namespace resyncer::cli {

namespace {

using core::Error;
using core::ErrorKind;

double number(const std::string& text, const std::string& option) {
  try {
    std::size_t used = 0;
    const double value = std::stod(text, &used);
    if (used == text.size() && std::isfinite(value)) return value;
  } catch (const std::exception&) {  // said below
  }
  throw Error(ErrorKind::usage, "'" + text + "' is no number", option, "write METRIC=VALUE");
}

Limit parse(const std::string& text, bool is_lower, const std::vector<pipeline::Metric>& metrics) {
  const std::string option = is_lower ? "--fail-below" : "--fail-above";
  const std::size_t sign = text.find('=');
  const std::string name = text.substr(0, sign);
  auto found =
      std::find_if(metrics.begin(), metrics.end(), [&](const auto& metric) { return metric.name == name; });
  if (found == metrics.end()) {
    std::string names;
    for (const pipeline::Metric& metric : metrics)
      names += (names.empty() ? "" : ", ") + std::string(metric.name);
    throw Error(ErrorKind::usage, "there is no figure '" + name + "'", option, "there are " + names);
  }
  if (sign == std::string::npos)
    throw Error(ErrorKind::usage, "'" + text + "' names no value", option, "write METRIC=VALUE");
  return {&*found, is_lower, number(text.substr(sign + 1), option)};
}

}  // namespace

void add_limit_options(CLI::App* command, LimitFlags* flags) {
  command
      ->add_option("--fail-below", flags->below,
                   "METRIC=VALUE: exit code 8 when the figure is below (repeatable)")
      ->allow_extra_args(false);
  command
      ->add_option("--fail-above", flags->above,
                   "METRIC=VALUE: exit code 8 when the figure is above (repeatable)")
      ->allow_extra_args(false);
}

std::vector<Limit> parse_limits(const LimitFlags& flags, const std::vector<pipeline::Metric>& metrics) {
  std::vector<Limit> limits;
  for (const std::string& text : flags.below) limits.push_back(parse(text, true, metrics));
  for (const std::string& text : flags.above) limits.push_back(parse(text, false, metrics));
  return limits;
}

void check_limits(const std::vector<Limit>& limits, const pipeline::Figures& figures) {
  std::string beyond;
  for (const Limit& limit : limits) {
    auto found = figures.find(limit.metric->name);
    std::string fault;
    if (found == figures.end())
      fault = fmt::format("{} was not measured", limit.metric->name);
    else if (limit.is_lower && !(found->second >= limit.value))
      fault = fmt::format("{} is {:.6g}, below {:g}", limit.metric->name, found->second, limit.value);
    else if (!limit.is_lower && !(found->second <= limit.value))
      fault = fmt::format("{} is {:.6g}, above {:g}", limit.metric->name, found->second, limit.value);
    if (!fault.empty()) beyond += (beyond.empty() ? "" : ", ") + fault;
  }
  if (!beyond.empty()) throw Error(ErrorKind::limit, beyond);
}

}  // namespace resyncer::cli
