#include <algorithm>
#include <cmath>
#include <cstdio>

#include "pipeline/golden_files.h"
#include "resyncer/pipeline/golden.h"

namespace resyncer::pipeline {

namespace {

constexpr double kWrittenFigure = 1.5e-4;  // figures are written with four digits after the point
constexpr std::size_t kMostNamed = 10;     // figures in one sentence

std::string number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

double psnr(const core::ImageU8& a, const core::ImageU8& b) {
  if (a.width != b.width || a.height != b.height) return 0;
  double squares = 0;
  for (std::size_t i = 0; i < a.data.size(); ++i) squares += std::pow(int(a.data[i]) - int(b.data[i]), 2);
  return squares == 0 ? 100 : std::min(100.0, 10 * std::log10(255 * 255 * double(a.data.size()) / squares));
}

double worst_picture(const GoldenRecord& before, const GoldenRecord& after) {
  double worst = 100;
  for (std::size_t i = 0; i < std::min(before.pictures.size(), after.pictures.size()); ++i)
    worst =
        std::min(worst, psnr(from_jpeg(before.pictures[i].jpeg, ""), from_jpeg(after.pictures[i].jpeg, "")));
  return worst;
}

double largest_mouth_difference(const GoldenRecord& before, const GoldenRecord& after) {
  double largest = 0;
  for (const auto& [frame, values] : before.mouths) {
    const auto now = after.mouths.find(frame);
    if (now == after.mouths.end() || now->second.size() != values.size()) return 100;
    for (std::size_t i = 0; i < values.size(); ++i)
      largest = std::max(largest, std::abs(values[i] - now->second[i]));
  }
  return largest;
}

// Names with their values, of those that differ by more than is allowed.
std::string changed_figures(const GoldenRecord& before, const GoldenRecord& after, bool exact) {
  std::string text;
  std::size_t count = 0;
  for (const Metric& metric : result_metrics()) {
    const auto then = before.figures.find(metric.name), now = after.figures.find(metric.name);
    const bool had = then != before.figures.end(), has = now != after.figures.end();
    if (!had && !has) continue;
    const double most = !had || exact
                            ? kWrittenFigure
                            : std::max(kGoldenFigureLeast, kGoldenFigureShare * std::abs(then->second));
    if (had && has && std::abs(then->second - now->second) <= most) continue;
    if (++count > kMostNamed) continue;
    text += (text.empty() ? "" : ", ") + std::string(metric.name) + ' ' + (had ? number(then->second) : "-") +
            " -> " + (has ? number(now->second) : "-");
  }
  return text;
}

std::string changed_entries(const std::map<std::string, std::string>& before,
                            const std::map<std::string, std::string>& after) {
  std::string names;
  for (const auto& [name, value] : after) {
    const auto then = before.find(name);
    if (then == before.end() || then->second != value) names += (names.empty() ? "" : ", ") + name;
  }
  return names;
}

// Frames whose samples differ, and what else of frames does.
void compare_frames(const GoldenRecord& before, const GoldenRecord& after, GoldenDifference* difference) {
  std::vector<std::int64_t> outside, mouths;
  for (std::size_t i = 0; i < before.frames.size(); ++i) {
    const GoldenFrame &then = before.frames[i], &now = after.frames[i];
    if (then.whole != now.whole) difference->frames.push_back(std::int64_t(i));
    if (then.outside != now.outside) outside.push_back(std::int64_t(i));
    if (then.mouth != now.mouth) mouths.push_back(std::int64_t(i));
  }
  auto of_all = [&](const std::vector<std::int64_t>& frames) {
    return std::to_string(frames.size()) + " of " + std::to_string(before.frames.size()) + " frames (" +
           frame_list(frames) + ")";
  };
  auto& sentences = difference->exact ? difference->faults : difference->remarks;
  if (!difference->frames.empty()) sentences.push_back("samples differ in " + of_all(difference->frames));
  if (!outside.empty())
    sentences.push_back("the mask, or samples outside of it, differ in " + of_all(outside));
  if (!mouths.empty()) sentences.push_back("the mouth's mesh differs in " + of_all(mouths));
}

}  // namespace

std::string frame_list(const std::vector<std::int64_t>& frames) {
  std::string text;
  for (std::size_t i = 0; i < frames.size();) {
    std::size_t last = i;
    while (last + 1 < frames.size() && frames[last + 1] == frames[last] + 1) ++last;
    text += (text.empty() ? "" : ", ") + std::to_string(frames[i]) +
            (last > i ? "-" + std::to_string(frames[last]) : "");
    i = last + 1;
  }
  return text;
}

GoldenDifference compare_golden(const GoldenRecord& before, const GoldenRecord& after, GoldenRigour rigour) {
  GoldenDifference out;
  const std::string machine = changed_entries(before.machine, after.machine);
  out.exact = rigour == GoldenRigour::exact || (rigour == GoldenRigour::by_machine && machine.empty());
  if (!machine.empty()) out.remarks.push_back("recorded on another machine: " + machine);
  const std::string models = changed_entries(before.models, after.models);
  if (!models.empty()) out.remarks.push_back("other weights: " + models);
  if (before.options != after.options) out.faults.push_back("the options were \"" + before.options + "\"");
  if (before.format != after.format) out.faults.push_back("the picture was " + before.format);
  if (before.frames.size() != after.frames.size()) {
    out.faults.push_back(std::to_string(after.frames.size()) + " frames in place of " +
                         std::to_string(before.frames.size()));
    return out;
  }
  compare_frames(before, after, &out);
  const std::string figures = changed_figures(before, after, out.exact);
  if (!figures.empty()) out.faults.push_back("figures: " + figures);
  if (out.exact) return out;
  const double picture = worst_picture(before, after), mouth = largest_mouth_difference(before, after);
  out.remarks.push_back("the pictures agree to " + number(picture) + " dB, the mouths to " + number(mouth));
  if (picture < kGoldenPicturePsnr)
    out.faults.push_back("a picture is " + number(picture) + " dB from the recorded one, less than " +
                         number(kGoldenPicturePsnr));
  if (mouth > kGoldenCoefficient)
    out.faults.push_back("a mouth's coefficient differs by " + number(mouth) + ", more than " +
                         number(kGoldenCoefficient));
  return out;
}

}  // namespace resyncer::pipeline
