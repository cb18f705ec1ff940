// A line plot over time as SVG text.
#pragma once

#include <string>
#include <vector>

#include "resyncer/pipeline/report.h"

namespace resyncer::pipeline {

struct Plot {
  std::string title, unit;
  std::vector<Series> lines;  // at most four; NaN breaks a line
};

// `seconds`: one a value. `shaded`: likewise, or empty; marks stretches of time, named `shade_name`.
std::string svg_plot(const Plot& plot, const std::vector<double>& seconds, const std::vector<bool>& shaded,
                     const std::string& shade_name);

}  // namespace resyncer::pipeline
