#include <algorithm>

#include "pipeline/golden_files.h"
#include "pipeline/html_page.h"
#include "pipeline/picture_difference.h"
#include "pipeline/report_text.h"
#include "resyncer/pipeline/golden.h"

namespace resyncer::pipeline {

namespace {

Film film_of(const GoldenResult& result) {
  Film film{result.name + ": before, after, difference", {}};
  const auto &then = result.before.pictures, &now = result.after.pictures;
  const auto& changed = result.difference.frames;
  for (std::size_t i = 0; i < std::min(then.size(), now.size()); ++i) {
    const core::ImageU8 before = from_jpeg(then[i].jpeg, ""), after = from_jpeg(now[i].jpeg, "");
    const bool differs = std::find(changed.begin(), changed.end(), then[i].frame) != changed.end();
    FilmColumn column{then[i].frame, then[i].seconds, differs ? "changed" : "the same", {}};
    column.cells = {{"before", before}, {"after", after}};
    if (before.width == after.width && before.height == after.height)
      column.cells.push_back(
          {"difference, " + std::to_string(kDifferenceGain) + " times", amplified_difference(before, after)});
    film.columns.push_back(std::move(column));
  }
  return film;
}

Table figures_of(const GoldenResult& result) {
  Table table{{result.name, "Before", "After", "Unit", "Wanted", "What it says"}, {}};
  for (const Metric& metric : result_metrics())
    if (result.before.figures.count(metric.name) + result.after.figures.count(metric.name) > 0)
      table.rows.push_back({metric.name, figure_text(result.before.figures, metric.name),
                            figure_text(result.after.figures, metric.name), metric.unit,
                            wanted_text(metric.wanted), metric.meaning});
  return table;
}

std::string verdict(const GoldenDifference& difference) {
  if (!difference.faults.empty()) return "changed";
  return difference.exact ? "the same" : "within limits";
}

}  // namespace

std::string golden_text(const std::vector<GoldenResult>& results) {
  std::string text;
  for (const GoldenResult& result : results) {
    text += result.name + ": " + verdict(result.difference) + '\n';
    for (const std::string& fault : result.difference.faults) text += "  " + fault + '\n';
    for (const std::string& remark : result.difference.remarks) text += "  (" + remark + ")\n";
  }
  return text;
}

std::string golden_html(const std::vector<GoldenResult>& results) {
  Page page;
  page.title = "Regression renders";
  for (const GoldenResult& result : results) {
    page.facts.emplace_back(result.name, verdict(result.difference) + "; resyncer " + result.before.version +
                                             " and " + result.after.version);
    for (const auto* sentences : {&result.difference.faults, &result.difference.remarks})
      for (const std::string& sentence : *sentences) page.notes.push_back(result.name + ": " + sentence);
    page.tables.push_back(figures_of(result));
    page.films.push_back(film_of(result));
  }
  return html(page);
}

}  // namespace resyncer::pipeline
