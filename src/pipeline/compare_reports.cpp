#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "pipeline/html_page.h"
#include "pipeline/report_numbers.h"
#include "pipeline/report_text.h"
#include "resyncer/core/error.h"
#include "resyncer/pipeline/compare.h"

namespace resyncer::pipeline {

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& path) {
  throw core::Error(core::ErrorKind::input, "is no report of resyncer eval", path.string(),
                    "make one with resyncer eval --json");
}

json read_report(const fs::path& path) {
  std::error_code ignored;
  std::ifstream stream(path);
  if (!stream || !fs::is_regular_file(path, ignored))
    throw core::Error(core::ErrorKind::input, "cannot be read", path.string(), "check the name");
  json report = json::parse(stream, nullptr, false);
  if (!report.is_object() || report.value("kind", json()) != kReportKind) refuse(path);
  for (const char* part : {"figures", "series"})
    if (!report.contains(part) || !report[part].is_object()) refuse(path);
  if (!report.contains("seconds") || !report["seconds"].is_array()) refuse(path);
  return report;
}

Figures figures_of(const json& report) {
  Figures figures;
  for (const Metric& metric : result_metrics()) {
    const json value = report["figures"].value(metric.name, json());
    if (value.is_number()) figures[metric.name] = value.get<double>();
  }
  return figures;
}

std::vector<float> values_of(const json& list) {
  std::vector<float> values;
  for (const json& v : list) values.push_back(v.is_number() ? v.get<float>() : NAN);
  return values;
}

// A figure that only one report has has changed altogether.
double largest_change(const Figures& a, const Figures& b) {
  double most = 0;
  for (const Metric& metric : result_metrics()) {
    const auto x = a.find(metric.name), y = b.find(metric.name);
    if ((x == a.end()) != (y == b.end())) return 1;
    if (x == a.end()) continue;
    const double larger = std::max(std::abs(x->second), std::abs(y->second));
    if (larger > 0) most = std::max(most, std::abs(y->second - x->second) / larger);
  }
  return most;
}

// Both sides, where a report has them.
Rows side_by_side(const Comparison& comparison) {
  Rows rows;
  for (const Metric& metric : result_metrics()) {
    const auto a = comparison.of_a.find(metric.name), b = comparison.of_b.find(metric.name);
    if (a == comparison.of_a.end() && b == comparison.of_b.end()) continue;
    const bool both = a != comparison.of_a.end() && b != comparison.of_b.end();
    rows.push_back({metric.name, figure_text(comparison.of_a, metric.name),
                    figure_text(comparison.of_b, metric.name),
                    both ? figure_text(b->second - a->second) : "-", metric.unit, wanted_text(metric.wanted),
                    metric.meaning});
  }
  return rows;
}

const std::vector<std::string> kSideHeader{"Figure", "A", "B", "B - A", "Unit", "Wanted", "What it says"};

}  // namespace

Comparison compare_reports(const fs::path& a, const fs::path& b) {
  const json first = read_report(a), second = read_report(b);
  Comparison out;
  out.a = a, out.b = b;
  out.of_a = figures_of(first);
  out.of_b = figures_of(second);
  out.differences["largest_change"] = largest_change(out.of_a, out.of_b);
  for (float t : values_of(first["seconds"])) out.seconds.push_back(std::isfinite(t) ? double(t) : 0.0);
  for (const char* name : {"lip_opening", "psnr", "seam_ratio", "flicker"})
    for (const auto& [side, report] : {std::pair(" A", &first), std::pair(" B", &second)})
      if ((*report)["series"].contains(name))
        out.series.push_back({std::string(name) + side, values_of((*report)["series"][name])});
  return out;
}

std::string comparison_json(const Comparison& comparison) {
  json out = {{"kind", "resyncer compare"},
              {"version", RESYNCER_VERSION},
              {"a", comparison.a.string()},
              {"b", comparison.b.string()},
              {"differences", figures_json(difference_metrics(), comparison.differences)},
              {"seconds", seconds_json(comparison.seconds)},
              {"series", series_json(comparison.series)}};
  if (!comparison.of_a.empty() || !comparison.of_b.empty())
    out["figures"] = {{"a", figures_json(result_metrics(), comparison.of_a)},
                      {"b", figures_json(result_metrics(), comparison.of_b)}};
  return json_text(out);
}

std::string comparison_text(const Comparison& comparison) {
  Rows rows = side_by_side(comparison);
  std::string out;
  if (!rows.empty()) {
    rows.insert(rows.begin(), kSideHeader);
    out = columns_text(rows) + '\n';
  }
  Rows differences = figure_rows(difference_metrics(), comparison.differences);
  differences.insert(differences.begin(), kFigureHeader);
  return out + columns_text(differences);
}

std::string comparison_html(const Comparison& comparison) {
  Page page;
  page.title = "Two results compared";
  page.facts = {{"A", comparison.a.string()},
                {"B", comparison.b.string()},
                {"frames", std::to_string(comparison.seconds.size())}};
  page.tables.push_back({kFigureHeader, figure_rows(difference_metrics(), comparison.differences)});
  if (const Rows rows = side_by_side(comparison); !rows.empty()) page.tables.push_back({kSideHeader, rows});
  page.seconds = comparison.seconds;
  // "name A" and "name B" share a plot.
  for (const Series& series : comparison.series) {
    const std::size_t blank = series.name.find(' ');
    const std::string title = series.name.substr(0, blank);
    const std::string legend = blank == std::string::npos ? series.name : series.name.substr(blank + 1);
    if (page.plots.empty() || page.plots.back().title != title) page.plots.push_back({title, "", {}});
    page.plots.back().lines.push_back({legend, series.values});
  }
  page.films = comparison.films;
  return html(page);
}

}  // namespace resyncer::pipeline
