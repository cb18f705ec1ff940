#include "resyncer/core/timecode.h"

#include <algorithm>
#include <charconv>

namespace resyncer::core {

namespace {
constexpr std::size_t kMostDigits = 7;  // of a field's whole part: four months of seconds

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Digits, and a fraction where there may be one.
std::optional<double> field(std::string_view text, bool may_have_fraction) {
  const std::size_t whole = std::size_t(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
  if (whole == 0 || whole > kMostDigits) return std::nullopt;
  if (whole < text.size()) {
    const std::string_view fraction = text.substr(whole + 1);
    if (!may_have_fraction || text[whole] != '.' || fraction.empty() ||
        !std::all_of(fraction.begin(), fraction.end(), is_digit))
      return std::nullopt;
  }
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}
}  // namespace

std::optional<double> parse_time(std::string_view text) {
  double seconds = 0;
  for (int fields = 1;; ++fields) {
    const std::size_t colon = text.find(':');
    const bool last = colon == std::string_view::npos;
    const auto value = field(text.substr(0, colon), last);
    if (!value || (fields > 1 && *value >= 60) || (!last && fields == 3)) return std::nullopt;
    seconds = 60 * seconds + *value;
    if (last) return seconds;
    text.remove_prefix(colon + 1);
  }
}

}  // namespace resyncer::core
