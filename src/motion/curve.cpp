#include "resyncer/motion/curve.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cmath>
#include <fstream>
#include <string>
#include <string_view>

#include "resyncer/core/error.h"
#include "resyncer/core/timecode.h"

namespace resyncer::motion {

Curve::Curve(std::vector<Key> keys) : keys_(std::move(keys)) { assert(!keys_.empty()); }

float Curve::at(double seconds) const {
  const auto after = std::upper_bound(keys_.begin(), keys_.end(), seconds,
                                      [](double s, const Key& key) { return s < key.seconds; });
  if (after == keys_.begin()) return after->value;
  const Key& from = *(after - 1);
  if (after == keys_.end()) return from.value;
  const auto share = float((seconds - from.seconds) / (after->seconds - from.seconds));
  return from.value + share * (after->value - from.value);
}

bool Curve::is(float value) const {
  return std::all_of(keys_.begin(), keys_.end(), [&](const Key& key) { return key.value == value; });
}

namespace {

constexpr std::uintmax_t kMostBytes = 16U << 20;  // an hour with keys in every frame has 5 MB
constexpr std::size_t kMostLine = 4096;

struct Column {
  std::string_view name;
  Limits limits;
  std::optional<Curve> Curves::*target;
};
constexpr std::array<Column, 4> kColumns{{{"gain", kGain, &Curves::gain},
                                          {"jaw_max", kJawMax, &Curves::jaw_max},
                                          {"smooth", kSmooth, &Curves::smooth},
                                          {"offset_ms", kOffsetMs, &Curves::offset_ms}}};
constexpr std::size_t kTime = kColumns.size();  // position of the column of times, behind the others

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") + 1 - first);
}

std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  for (;;) {
    const std::size_t comma = line.find(',');
    cells.push_back(trimmed(line.substr(0, comma)));
    if (comma == std::string_view::npos) return cells;
    line.remove_prefix(comma + 1);
  }
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kMost = 40;
  return "'" + std::string(text.substr(0, kMost)) + (text.size() > kMost ? "...'" : "'");
}

class CurveReader {
 public:
  explicit CurveReader(std::filesystem::path path) : path_(std::move(path)) {}

  Curves read() {
    std::error_code code;
    const auto size = std::filesystem::file_size(path_, code);
    std::ifstream in(path_, std::ios::binary);
    if (code || !in)
      throw core::Error(core::ErrorKind::input, "The curve file cannot be read", path_.string());
    if (size > kMostBytes)
      throw core::Error(core::ErrorKind::input, "The curve file is larger than 16 MB", path_.string());
    for (std::string line; std::getline(in, line);) {
      if (++line_ == 1 && line.rfind("\xEF\xBB\xBF", 0) == 0) line.erase(0, 3);
      if (line.size() > kMostLine) fail("the line is too long");
      const std::string_view text = trimmed(line);
      if (text.empty() || text.front() == '#') continue;
      if (order_.empty())
        header(cells_of(text));
      else
        row(cells_of(text));
    }
    if (order_.empty()) fail("there is no header");
    Curves curves;
    for (std::size_t column : order_) {
      if (column == kTime) continue;
      if (keys_[column].empty()) fail("the column " + std::string(kColumns[column].name) + " is empty");
      curves.*kColumns[column].target = Curve(std::move(keys_[column]));
    }
    return curves;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw core::Error(core::ErrorKind::input, what, path_.string() + ", line " + std::to_string(line_),
                      "see docs/control.md");
  }

  void header(const std::vector<std::string_view>& names) {
    for (std::string_view name : names) {
      const auto* known =
          std::find_if(kColumns.begin(), kColumns.end(), [&](const Column& c) { return c.name == name; });
      const auto column = std::size_t(known - kColumns.begin());
      if (column == kTime && name != "time") fail(quoted(name) + " is no column of a curve file");
      if (std::count(order_.begin(), order_.end(), column) > 0)
        fail("the column " + quoted(name) + " stands twice");
      order_.push_back(column);
    }
    if (std::count(order_.begin(), order_.end(), kTime) == 0) fail("there is no column 'time'");
    if (order_.size() == 1) fail("there is no column besides 'time'");
  }

  void row(const std::vector<std::string_view>& cells) {
    if (cells.size() != order_.size())
      fail("has " + std::to_string(cells.size()) + " cells, the header " + std::to_string(order_.size()));
    const auto at = std::size_t(std::find(order_.begin(), order_.end(), kTime) - order_.begin());
    const auto seconds = core::parse_time(cells[at]);
    if (!seconds) fail(quoted(cells[at]) + " is no time");
    if (*seconds <= last_) fail("the times do not ascend");
    last_ = *seconds;
    for (std::size_t i = 0; i < cells.size(); ++i)
      if (i != at && !cells[i].empty())
        keys_[order_[i]].push_back({*seconds, number(cells[i], kColumns[order_[i]])});
  }

  float number(std::string_view text, const Column& column) const {
    float value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
      fail(quoted(text) + " is no number");
    if (value < column.limits.least || value > column.limits.most)
      fail(std::string(column.name) + " is " + std::string(text) + ", not from " +
           std::to_string(int(column.limits.least)) + " to " + std::to_string(int(column.limits.most)));
    return value;
  }

  std::filesystem::path path_;
  std::size_t line_ = 0;
  std::vector<std::size_t> order_;  // of each cell its column
  std::array<std::vector<Curve::Key>, kColumns.size()> keys_;
  double last_ = -1;
};

}  // namespace

Curves read_curves(const std::filesystem::path& path) { return CurveReader(path).read(); }

}  // namespace resyncer::motion
