// JSON of figures and series, shared by the reports.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "resyncer/pipeline/report.h"

namespace resyncer::pipeline {

constexpr const char* kReportKind = "resyncer eval";

// Every metric by its name; null where it was not measured.
nlohmann::json figures_json(const std::vector<Metric>& metrics, const Figures& figures);
nlohmann::json series_json(const std::vector<Series>& series);
nlohmann::json seconds_json(const std::vector<double>& seconds);
// Names of files need not be UTF-8: what is not is replaced.
std::string json_text(const nlohmann::json& value);

}  // namespace resyncer::pipeline
