// A number that changes over time, and the file in which somebody draws several of them.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

namespace resyncer::motion {

// Straight lines between the keys; held before the first and after the last.
class Curve {
 public:
  struct Key {
    double seconds;
    float value;
  };
  explicit Curve(float value) : keys_{{0, value}} {}
  explicit Curve(std::vector<Key> keys);  // one or more, ascending

  float at(double seconds) const;
  bool is(float value) const;  // that value at all times

 private:
  std::vector<Key> keys_;
};

// What a control may be; the same on the command line.
struct Limits {
  float least, most;
};
constexpr Limits kGain{0, 2}, kJawMax{0, 10}, kSmooth{0, 2}, kOffsetMs{-5000, 5000};

// By column; a column that the file does not have is not set.
struct Curves {
  std::optional<Curve> gain, jaw_max, smooth, offset_ms;
};

// CSV. The first line names the columns: time (core/timecode.h), and one or more of gain, jaw_max, smooth
// (seconds), offset_ms, in any order. Then a line a moment, times ascending; an empty cell is no key. Empty
// lines and lines that begin with # are skipped. Throws Error{input} with the number of the line.
Curves read_curves(const std::filesystem::path& path);

}  // namespace resyncer::motion
