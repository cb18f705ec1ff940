#include "pipeline/html_page.h"

#include <cstdint>
#include <cstdio>

#include "pipeline/picture_file.h"

namespace resyncer::pipeline {

namespace {

constexpr int kQuality = 93;  // of the JPEGs: artefacts to be judged must be the video's own

constexpr const char* kStyle = R"(
:root { color-scheme: light; }
body { font: 15px/1.45 system-ui, "DejaVu Sans", sans-serif; color: #1b1b1b; background: #fff; max-width: 1180px;
  margin: 2em auto; padding: 0 1.2em; }
h1 { font-size: 1.5em; margin: 0 0 .6em; } h2 { font-size: 1.1em; margin: 1.8em 0 .5em; }
table { border-collapse: collapse; } td, th { text-align: left; padding: .25em .9em .25em 0; vertical-align: top; }
th { font-weight: 600; border-bottom: 2px solid #1b1b1b; } table.figures td { border-bottom: 1px solid #ddd; }
table.figures td:nth-child(n+2) { font-variant-numeric: tabular-nums; }
td.name { font-weight: 600; } table.facts td { padding: .1em .9em .1em 0; word-break: break-all; }
table.facts td:first-child { color: #666; } p.note { color: #8a4b00; margin: .3em 0; }
svg { width: 100%; height: auto; } svg text { font: 12px system-ui, "DejaVu Sans", sans-serif; fill: #444; }
svg .grid { stroke: #e2e2e2; } svg .shade { fill: #efefef; } svg .line { fill: none; stroke-width: 1.5;
  stroke-linejoin: round; }
.film { display: flex; flex-wrap: wrap; gap: 12px; } .film figure { margin: 0; width: 270px; break-inside: avoid; }
.film img { display: block; width: 100%; height: auto; margin-bottom: 3px; background: #eee; }
.film figcaption { font-size: .85em; color: #333; margin: .2em 0; } .film .label { font-size: .75em; color: #777; }
h2, .plot { break-after: avoid; break-inside: avoid; }
@media print { body { margin: 0; max-width: none; font-size: 11px; } .film figure { width: 23%; } }
)";

// Length of the UTF-8 sequence that starts at `text[at]`, 0 when there is none.
std::size_t sequence_length(const std::string& text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  const std::size_t length = first < 0x80                    ? 1
                             : first >= 0xC2 && first < 0xE0 ? 2
                             : (first >> 4) == 0xE           ? 3
                             : first >= 0xF0 && first < 0xF5 ? 4
                                                             : 0;
  if (length == 0 || at + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((static_cast<unsigned char>(text[at + i]) & 0xC0) != 0x80) return 0;
  return length;
}

std::string base64(const std::vector<std::uint8_t>& bytes) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t word = 0;
    for (std::size_t k = 0; k < 3; ++k) word = word << 8 | (k < count ? bytes[i + k] : 0U);
    for (std::size_t k = 0; k < 4; ++k) out += k <= count ? digits[word >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

std::string image(const FilmCell& cell) {
  const core::ImageU8& picture = cell.picture;
  if (picture.empty()) return "<div class=\"label\">" + escaped(cell.label) + ": no face</div>";
  const std::vector<std::uint8_t> bytes = to_jpeg(picture, kQuality);
  return "<div class=\"label\">" + escaped(cell.label) + "</div><img alt=\"" + escaped(cell.label) +
         "\" width=\"" + std::to_string(picture.width) + "\" height=\"" + std::to_string(picture.height) +
         "\" src=\"data:image/jpeg;base64," + base64(bytes) + "\"/>";
}

std::string film(const Film& film) {
  std::string out = "<h2>" + escaped(film.title) + "</h2>\n<div class=\"film\">\n";
  for (const FilmColumn& column : film.columns) {
    char time[64];
    std::snprintf(time, sizeof time, "%.2f s, frame %lld", column.seconds,
                  static_cast<long long>(column.frame));
    out += "<figure><figcaption>" + escaped(time) +
           (column.remark.empty() ? "" : "<br/>" + escaped(column.remark)) + "</figcaption>";
    for (const FilmCell& cell : column.cells) out += image(cell);
    out += "</figure>\n";
  }
  return out + "</div>\n";
}

std::string table(const Table& table) {
  std::string out = "<table class=\"figures\"><thead><tr>";
  for (const std::string& name : table.header) out += "<th>" + escaped(name) + "</th>";
  out += "</tr></thead><tbody>\n";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i)
      out += (i == 0 ? "<td class=\"name\">" : "<td>") + escaped(row[i]) + "</td>";
    out += "</tr>\n";
  }
  return out + "</tbody></table>\n";
}

}  // namespace

std::string escaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = sequence_length(text, i);
    const auto c = static_cast<unsigned char>(text[i]);
    if (length == 0 || c < 0x20 || c == 0x7F)
      out += "\xEF\xBF\xBD";
    else if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out.append(text, i, length);
    i += std::max<std::size_t>(1, length);
  }
  return out;
}

std::string html(const Page& page) {
  std::string out =
      "<!DOCTYPE html>\n<html xmlns=\"http://www.w3.org/1999/xhtml\" lang=\"en\"><head>"
      "<meta charset=\"utf-8\"/><title>" +
      escaped(page.title) + "</title><style>" + kStyle + "</style></head><body>\n";
  out += "<h1>" + escaped(page.title) + "</h1>\n<table class=\"facts\"><tbody>\n";
  for (const auto& [name, value] : page.facts)
    out += "<tr><td>" + escaped(name) + "</td><td>" + escaped(value) + "</td></tr>\n";
  out += "</tbody></table>\n";
  for (const std::string& note : page.notes) out += "<p class=\"note\">" + escaped(note) + "</p>\n";
  for (const Table& t : page.tables) out += "<h2>Figures</h2>\n" + table(t);
  for (const Plot& plot : page.plots)
    out += "<div class=\"plot\"><h2>" + escaped(plot.title) +
           (plot.unit.empty() ? "" : ", " + escaped(plot.unit)) + "</h2>\n" +
           svg_plot(plot, page.seconds, page.shaded, page.shade_name) + "</div>\n";
  for (const Film& f : page.films) out += film(f);
  return out + "</body></html>";
}

}  // namespace resyncer::pipeline
