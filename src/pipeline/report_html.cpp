#include "pipeline/html_page.h"
#include "pipeline/report_text.h"

namespace resyncer::pipeline {

namespace {

struct PlotOf {
  const char *title, *unit;
  std::vector<std::pair<const char*, const char*>> lines;  // series, name in the legend
};

const std::vector<PlotOf>& plots() {
  static const std::vector<PlotOf> list{
      {"Opening of the lips", "height over width", {{"lip_opening", "result"}, {"real_lip_opening", "real"}}},
      {"Distance of the lips from the real speaker's", "eye distances", {{"lip_distance", "result"}}},
      {"PSNR inside the mask against the real pictures", "dB", {{"psnr", "result"}}},
      {"Flicker of the skin inside the mask",
       "root mean square of 255",
       {{"flicker", "result"}, {"reference_flicker", "source"}}},
      {"Seam: 1 = none", "ratio", {{"seam_ratio", "result over source"}}},
      {"Sharpness inside the mask", "ratio", {{"sharpness_ratio", "result over source"}}},
  };
  return list;
}

}  // namespace

std::string report_html(const Report& report) {
  Page page;
  page.title = "Report on a lip-synced video";
  page.facts = report.inputs;
  page.facts.emplace_back("frames", std::to_string(report.frames()));
  page.notes = report.notes;
  page.tables.push_back({kFigureHeader, figure_rows(result_metrics(), report.figures)});
  for (const PlotOf& of : plots()) {
    Plot plot{of.title, of.unit, {}};
    for (const auto& [name, legend] : of.lines)
      for (const Series& series : report.series)
        if (series.name == name) plot.lines.push_back({legend, series.values});
    if (!plot.lines.empty()) page.plots.push_back(std::move(plot));
  }
  page.seconds = report.seconds;
  page.shaded = report.silent;
  page.shade_name = "silence";
  page.films = report.films;
  return html(page);
}

}  // namespace resyncer::pipeline
