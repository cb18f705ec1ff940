// Parts of a self-contained XHTML page: one file, no scripts, nothing fetched, good on paper.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "pipeline/report_text.h"
#include "pipeline/svg_plot.h"
#include "resyncer/pipeline/report.h"

namespace resyncer::pipeline {

// Text for the page: markup escaped, control characters and bytes that are no UTF-8 replaced.
std::string escaped(const std::string& text);

struct Table {
  std::vector<std::string> header;
  Rows rows;
};

struct Page {
  std::string title;
  std::vector<std::pair<std::string, std::string>> facts;  // name, value
  std::vector<std::string> notes;
  std::vector<Table> tables;
  std::vector<Plot> plots;
  std::vector<double> seconds;  // of the plots' values
  std::vector<bool> shaded;
  std::string shade_name;
  std::vector<Film> films;
};

std::string html(const Page& page);

}  // namespace resyncer::pipeline
