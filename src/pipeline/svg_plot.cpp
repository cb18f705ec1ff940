#include "pipeline/svg_plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdarg>
#include <cstdio>

#include "pipeline/html_page.h"

namespace resyncer::pipeline {

namespace {

constexpr double kWidth = 1000, kHeight = 240;                      // of the picture
constexpr double kLeft = 56, kRight = 12, kTop = 30, kBottom = 28;  // margins
constexpr std::size_t kMostColumns = 1000;                          // that a line has points in
constexpr std::array<const char*, 4> kColours{"#0b62a4", "#d1622b", "#2e8b57", "#7b4ea3"};

std::string format(const char* pattern, ...) __attribute__((format(printf, 1, 2)));
std::string format(const char* pattern, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, pattern);
  std::vsnprintf(text, sizeof text, pattern, arguments);
  va_end(arguments);
  return text;
}

struct Scale {
  double low = 0, high = 1, from = 0, to = 1;  // values, px
  double step = 1;                             // values from line to line of the grid
  double operator()(double value) const { return from + (value - low) / (high - low) * (to - from); }
};

// 1, 2 or 5 times a power of ten: about `count` steps over the range.
double round_step(double range, int count) {
  const double raw = range / count, power = std::pow(10, std::floor(std::log10(raw)));
  for (double factor : {1.0, 2.0, 5.0})
    if (raw <= factor * power) return factor * power;
  return 10 * power;
}

Scale value_scale(const std::vector<Series>& lines) {
  double low = INFINITY, high = -INFINITY;
  for (const Series& line : lines)
    for (float v : line.values)
      if (std::isfinite(v)) low = std::min(low, double(v)), high = std::max(high, double(v));
  if (low > high) low = 0, high = 1;
  if (low > 0 && low < 0.5 * high) low = 0;
  if (high - low < 1e-6 * std::max(1.0, std::abs(high))) low -= 0.5, high += 0.5;
  const double step = round_step(high - low, 4);
  return {std::floor(low / step + 1e-6) * step, std::ceil(high / step - 1e-6) * step, kHeight - kBottom, kTop,
          step};
}

std::string grid(const Scale& time, const Scale& value) {
  std::string out;
  for (int k = 0; value.low + k * value.step <= value.high + 1e-6 * value.step; ++k) {
    const double line = value.low + k * value.step, y = value(line);
    out += format("<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\"/>", kLeft,
                  kWidth - kRight, y, y);
    out += format("<text class=\"tick\" text-anchor=\"end\" x=\"%.1f\" y=\"%.1f\">%g</text>", kLeft - 6,
                  y + 4, std::round(line * 1e6) / 1e6);
  }
  for (int k = 0; k * time.step <= time.high + 1e-9; ++k)
    out += format("<text class=\"tick\" text-anchor=\"middle\" x=\"%.1f\" y=\"%.1f\">%g s</text>",
                  time(k * time.step), kHeight - 8, k * time.step);
  return out;
}

std::string shades(const Scale& time, const std::vector<double>& seconds, const std::vector<bool>& shaded) {
  std::string out;
  for (std::size_t begin = 0; begin < shaded.size();) {
    if (!shaded[begin]) {
      ++begin;
      continue;
    }
    std::size_t end = begin;
    while (end < shaded.size() && shaded[end]) ++end;
    const double x0 = time(seconds[begin]);
    const double x1 = end < seconds.size() ? time(seconds[end]) : kWidth - kRight;
    out += format("<rect class=\"shade\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", x0, kTop,
                  std::max(0.5, x1 - x0), kHeight - kTop - kBottom);
    begin = end;
  }
  return out;
}

// A long line has the lowest and the highest value of every column, so that no peak is lost.
std::string path(const Series& line, const std::vector<double>& seconds, const Scale& time,
                 const Scale& value) {
  const std::size_t frames = std::min(line.values.size(), seconds.size());
  const std::size_t step = std::max<std::size_t>(1, frames / kMostColumns);
  std::string out;
  bool down = false;  // the pen
  auto draw = [&](std::size_t i) {
    out += format("%c%.1f %.1f", down ? 'L' : 'M', time(seconds[i]), value(double(line.values[i])));
    down = true;
  };
  for (std::size_t begin = 0; begin < frames; begin += step) {
    std::size_t low = frames, high = frames;
    for (std::size_t i = begin; i < std::min(frames, begin + step); ++i) {
      if (!std::isfinite(line.values[i])) continue;
      if (low == frames || line.values[i] < line.values[low]) low = i;
      if (high == frames || line.values[i] > line.values[high]) high = i;
    }
    if (low == frames) {
      down = false;
      continue;
    }
    draw(std::min(low, high));
    if (low != high) draw(std::max(low, high));
  }
  return out;
}

}  // namespace

std::string svg_plot(const Plot& plot, const std::vector<double>& seconds, const std::vector<bool>& shaded,
                     const std::string& shade_name) {
  const double last = seconds.empty() ? 1.0 : std::max(seconds.back(), 1e-3);
  const Scale time{0, last, kLeft, kWidth - kRight, round_step(last, 10)}, value = value_scale(plot.lines);
  std::string out = format("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %g %g\" role=\"img\">",
                           kWidth, kHeight);
  out += "<title>" + escaped(plot.title) + "</title>";
  out += shades(time, seconds, shaded) + grid(time, value);
  double x = kLeft;
  auto legend = [&](const std::string& colour, const std::string& name, double thick) {
    out += format("<rect x=\"%.1f\" y=\"%.1f\" width=\"18\" height=\"%.1f\" fill=\"%s\"/>", x, 14 - thick / 2,
                  thick, colour.c_str());
    out += format("<text class=\"legend\" x=\"%.1f\" y=\"18\">", x + 24) + escaped(name) + "</text>";
    x += 44 + 7.0 * double(name.size());
  };
  for (std::size_t i = 0; i < plot.lines.size() && i < kColours.size(); ++i) {
    const std::string points = path(plot.lines[i], seconds, time, value);
    if (!points.empty())
      out += "<path class=\"line\" stroke=\"" + std::string(kColours[i]) + "\" d=\"" + points + "\"/>";
    legend(kColours[i], plot.lines[i].name, 3);
  }
  if (std::find(shaded.begin(), shaded.end(), true) != shaded.end()) legend("#e3e3e3", shade_name, 12);
  return out + "</svg>";
}

}  // namespace resyncer::pipeline
