// Figures as people read them.
#pragma once

#include <string>
#include <vector>

#include "resyncer/pipeline/report.h"

namespace resyncer::pipeline {

std::string figure_text(double value);
std::string figure_text(const Figures& figures, const char* name);  // "-" when it was not measured

const char* wanted_text(Wanted wanted);

using Rows = std::vector<std::vector<std::string>>;
extern const std::vector<std::string> kFigureHeader;
// Name, value, unit, wanted, meaning of those that were measured.
Rows figure_rows(const std::vector<Metric>& metrics, const Figures& figures);
// Columns of equal width, a line a row.
std::string columns_text(const Rows& rows);

}  // namespace resyncer::pipeline
