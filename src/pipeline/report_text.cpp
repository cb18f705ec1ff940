#include "pipeline/report_text.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace resyncer::pipeline {

const std::vector<std::string> kFigureHeader{"Figure", "Value", "Unit", "Wanted", "What it says"};

std::string figure_text(double value) {
  char text[64];
  std::snprintf(text, sizeof text,
                std::abs(value) >= 100  ? "%.1f"
                : std::abs(value) >= 10 ? "%.2f"
                                        : "%.4f",
                value);
  return text;
}

std::string figure_text(const Figures& figures, const char* name) {
  auto found = figures.find(name);
  return found != figures.end() ? figure_text(found->second) : "-";
}

const char* wanted_text(Wanted wanted) {
  switch (wanted) {
    case Wanted::more:
      return "more";
    case Wanted::less:
      return "less";
    case Wanted::one:
      return "1";
    case Wanted::zero:
      return "0";
  }
  return "";
}

Rows figure_rows(const std::vector<Metric>& metrics, const Figures& figures) {
  Rows rows;
  for (const Metric& metric : metrics)
    if (figures.count(metric.name) > 0)
      rows.push_back({metric.name, figure_text(figures, metric.name), metric.unit, wanted_text(metric.wanted),
                      metric.meaning});
  return rows;
}

std::string columns_text(const Rows& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (widths.size() <= i) widths.push_back(0);
      widths[i] = std::max(widths[i], row[i].size());
    }
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      out += i + 1 < row.size() ? row[i] + std::string(widths[i] + 2 - row[i].size(), ' ') : row[i];
    out += '\n';
  }
  return out;
}

std::string report_text(const Report& report) {
  Rows rows = figure_rows(result_metrics(), report.figures);
  rows.insert(rows.begin(), kFigureHeader);
  std::string out = columns_text(rows);
  for (const std::string& note : report.notes) out += note + '\n';
  return out;
}

}  // namespace resyncer::pipeline
