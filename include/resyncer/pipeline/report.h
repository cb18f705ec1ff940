// What was measured of a video: figures, their course over time and pictures, for machines (JSON) and for
// people (one self-contained HTML page).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "resyncer/core/image.h"

namespace resyncer::pipeline {

enum class Wanted { more, less, one, zero };

// What must be given so that a figure can be measured. `reference`: the source, or real footage that shows
// the same frames; `pictures`: such real footage.
enum class Needs { nothing, source, reference, real, pictures };

struct Metric {
  const char* name;     // in JSON and on the command line
  const char* unit;     // "" = a plain number
  const char* meaning;  // one line
  Wanted wanted;
  Needs needs;
};

// All figures of a result, in the order of the report.
const std::vector<Metric>& result_metrics();
// Likewise of the difference of two results.
const std::vector<Metric>& difference_metrics();

// Over time; one value a frame, NaN where there is none.
struct Series {
  std::string name;
  std::vector<float> values;
};

struct FilmCell {
  std::string label;  // "source", "result", "real"
  core::ImageU8 picture;
};
struct FilmColumn {
  std::int64_t frame = 0;
  double seconds = 0;
  std::string remark;
  std::vector<FilmCell> cells;
};
struct Film {
  std::string title;
  std::vector<FilmColumn> columns;
};

using Figures = std::map<std::string, double>;  // by name of the metric; not measured = absent

struct Report {
  std::vector<std::pair<std::string, std::string>> inputs;  // what it is, path
  Figures figures;
  std::vector<double> seconds;  // one a frame
  std::vector<bool> silent;     // one a frame: nobody speaks
  std::vector<Series> series;
  std::vector<Film> films;
  std::vector<std::string> notes;  // sentences: what was not measured, and why

  std::int64_t frames() const { return std::int64_t(seconds.size()); }
};

// Everything but the pictures. Figures that were not measured are null.
std::string report_json(const Report& report);
// The figures as a table for a terminal, and the notes.
std::string report_text(const Report& report);
// XHTML without scripts or anything that is fetched; plots are SVG, pictures JPEG within the text.
std::string report_html(const Report& report);

}  // namespace resyncer::pipeline
