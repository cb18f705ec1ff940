#include "cli/command_eval_lips.h"

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "resyncer/eval/mouth_metrics.h"
#include "resyncer/pipeline/measure_lips.h"

namespace resyncer::cli {

namespace {

using nlohmann::json;

json trace_json(const std::filesystem::path& clip, const pipeline::LipTrace& trace) {
  json seconds = json::array(), openings = json::array();
  for (const pipeline::LipRow& row : trace.rows) {
    seconds.push_back(row.seconds);
    openings.push_back(row.seen ? json(row.opening) : json(nullptr));
  }
  return {{"clip", clip.string()},
          {"seconds", std::move(seconds)},
          {"openings", std::move(openings)},
          {"identity", trace.identity}};
}

void print_row(const std::filesystem::path& clip, const pipeline::LipTrace& trace) {
  std::vector<float> openings, seen;
  double sum = 0, count = 0, open = 0;
  for (const pipeline::LipRow& row : trace.rows) {
    openings.push_back(row.opening);
    seen.push_back(row.seen ? 1.F : 0.F);
    if (!row.seen) continue;
    sum += double(row.opening), ++count;
    open += row.opening > eval::kOpenMouth ? 1 : 0;
  }
  std::printf("%-34s %6.0f %8.3f %10.3f %8.1f %%\n", clip.filename().c_str(), count,
              count > 0 ? sum / count : 0, eval::deviation(openings, seen),
              count > 0 ? 100 * open / count : 0);
}

}  // namespace

void run_eval_lips(const std::vector<std::filesystem::path>& clips, const pipeline::MeasureOptions& options,
                   bool as_json, const GlobalOptions& global) {
  const pipeline::ModelSet models = pipeline::find_models(global.models_folder());
  json list = json::array();
  if (!as_json) std::printf("%-34s %6s %8s %10s %10s\n", "clip", "seen", "opening", "deviation", "wide open");
  for (const auto& clip : clips) {
    const pipeline::LipTrace trace = pipeline::measure_lips(clip, models, options);
    if (as_json)
      list.push_back(trace_json(clip, trace));
    else
      print_row(clip, trace);
  }
  if (as_json) std::cout << json{{"clips", list}}.dump() << '\n';
}

}  // namespace resyncer::cli
