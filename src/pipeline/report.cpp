#include "resyncer/pipeline/report.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "pipeline/report_numbers.h"

namespace resyncer::pipeline {

namespace {

using nlohmann::json;

// Six digits behind the point: what is beyond is noise.
json number(double value) {
  if (!std::isfinite(value)) return nullptr;
  return std::round(value * 1e6) / 1e6;
}

}  // namespace

const std::vector<Metric>& result_metrics() {
  static const std::vector<Metric> metrics{
      {"lip_correlation", "",
       "correlation of the lips' opening in speech with the real speaker's, best lag of 3 frames",
       Wanted::more, Needs::real},
      {"lip_lag", "frames", "that lag; above 0 = the result's lips are early", Wanted::zero, Needs::real},
      {"lip_amplitude_ratio", "", "deviation of the opening in speech over the real speaker's", Wanted::one,
       Needs::real},
      {"lmd", "eye distances", "distance of the lips' landmarks from the real speaker's", Wanted::less,
       Needs::real},
      {"mouth_leak", "", "share of the frames in silence with the lips more than 0.25 open", Wanted::less,
       Needs::nothing},
      {"silence_opening", "", "mean opening of the lips in silence, height over width", Wanted::less,
       Needs::nothing},
      {"psnr", "dB", "PSNR inside the mask against the real pictures", Wanted::more, Needs::pictures},
      {"ssim", "", "SSIM inside the mask against the real pictures", Wanted::more, Needs::pictures},
      {"gradient_error", "", "multi-scale gradient error inside the mask against the real pictures",
       Wanted::less, Needs::pictures},
      {"sharpness_ratio", "", "variance of the Laplacian inside the mask over the source's", Wanted::one,
       Needs::reference},
      {"flicker_ratio", "", "temporal high-pass of the skin inside the mask over the source's", Wanted::one,
       Needs::reference},
      {"mouth_flicker_ratio", "", "the same of lips and teeth; speech itself counts", Wanted::one,
       Needs::reference},
      {"seam_ratio", "", "gradient at the mask's edge over that beside it, over the same in the source",
       Wanted::one, Needs::reference},
      {"identity_shape_distance", "eye distances", "between the neutral faces fitted to result and source",
       Wanted::less, Needs::reference},
      {"untouched_share", "", "share of the samples outside the mask that equal the source's", Wanted::more,
       Needs::source},
      {"untouched_psnr", "dB", "PSNR of the samples outside the mask against the source's", Wanted::more,
       Needs::source},
      {"untouched_max_difference", "of 255", "largest difference of such a sample", Wanted::less,
       Needs::source},
  };
  return metrics;
}

const std::vector<Metric>& difference_metrics() {
  static const std::vector<Metric> metrics{
      {"psnr", "dB", "PSNR over all samples of all frames", Wanted::more, Needs::nothing},
      {"worst_psnr", "dB", "PSNR of the frame that differs most", Wanted::more, Needs::nothing},
      {"max_difference", "of 255", "largest difference of a sample", Wanted::less, Needs::nothing},
      {"equal_share", "", "share of the samples that are equal", Wanted::more, Needs::nothing},
      {"equal_frames", "", "share of the frames that are equal in all samples", Wanted::more, Needs::nothing},
      {"largest_change", "",
       "of two reports: |b - a| over the larger of both, of the figure that changed most", Wanted::less,
       Needs::nothing},
  };
  return metrics;
}

json figures_json(const std::vector<Metric>& metrics, const Figures& figures) {
  json out = json::object();
  for (const Metric& metric : metrics) {
    auto found = figures.find(metric.name);
    out[metric.name] = found != figures.end() ? number(found->second) : json(nullptr);
  }
  return out;
}

json series_json(const std::vector<Series>& series) {
  json out = json::object();
  for (const Series& s : series) {
    json& values = out[s.name] = json::array();
    for (float v : s.values) values.push_back(number(double(v)));
  }
  return out;
}

json seconds_json(const std::vector<double>& seconds) {
  json out = json::array();
  for (double t : seconds) out.push_back(number(t));
  return out;
}

std::string json_text(const json& value) { return value.dump(1, ' ', false, json::error_handler_t::replace); }

std::string report_json(const Report& report) {
  json inputs = json::object();
  for (const auto& [name, path] : report.inputs) inputs[name] = path;
  return json_text({{"kind", kReportKind},
                    {"version", RESYNCER_VERSION},
                    {"inputs", inputs},
                    {"frames", report.frames()},
                    {"figures", figures_json(result_metrics(), report.figures)},
                    {"notes", report.notes},
                    {"seconds", seconds_json(report.seconds)},
                    {"silent", report.silent},
                    {"series", series_json(report.series)}});
}

}  // namespace resyncer::pipeline
