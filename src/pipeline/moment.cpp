#include "resyncer/pipeline/moment.h"

#include <cmath>
#include <cstdlib>

#include "resyncer/core/error.h"

namespace resyncer::pipeline {

namespace {
double seconds_of(const Moment& moment, const Analysis& analysis) {
  const std::int64_t last = analysis.frame_count() - 1;
  return moment.is_share ? moment.value * (analysis.seconds(last) - analysis.seconds(0)) : moment.value;
}
}  // namespace

Moment parse_moment(const std::string& text) {
  const char* begin = text.c_str();
  char* end = nullptr;
  double value = std::strtod(begin, &end);
  const std::string unit = end;
  const bool is_share = unit == "%";
  if (end == begin || !std::isfinite(value) || value < 0 || (is_share && value > 100) ||
      !(is_share || unit.empty() || unit == "s"))
    throw core::Error(core::ErrorKind::usage, "is no moment of a video", "'" + text + "'",
                      "write seconds (12.5) or a share (80%)");
  return {is_share ? value / 100 : value, is_share};
}

bool contains(const Stretch& stretch, const Analysis& analysis, std::int64_t frame) {
  const double at = analysis.seconds(frame) - analysis.seconds(0);
  return at >= seconds_of(stretch.from, analysis) && at < seconds_of(stretch.to, analysis);
}

}  // namespace resyncer::pipeline
