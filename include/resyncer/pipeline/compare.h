// Two results of one source against each other: a new version against the last, one machine against another.
#pragma once

#include <filesystem>
#include <string>

#include "resyncer/pipeline/progress.h"
#include "resyncer/pipeline/report.h"

namespace resyncer::pipeline {

struct Comparison {
  std::filesystem::path a, b;
  Figures of_a, of_b;   // result_metrics, as far as both sides have them; from reports alone
  Figures differences;  // difference_metrics
  std::vector<double> seconds;
  std::vector<Series> series;
  std::vector<Film> films;
};

// Sample by sample, every plane of every frame; holds two frames and the pictures of the frames that differ
// most. Throws Error{input} when size, pixel format or number of frames differ.
Comparison compare_videos(const std::filesystem::path& a, const std::filesystem::path& b,
                          const ProgressSink& progress = {});
// Two files of report_json. Throws Error{input} when one is none.
Comparison compare_reports(const std::filesystem::path& a, const std::filesystem::path& b);

std::string comparison_json(const Comparison& comparison);
std::string comparison_text(const Comparison& comparison);
std::string comparison_html(const Comparison& comparison);

}  // namespace resyncer::pipeline
