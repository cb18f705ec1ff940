// The frames of the greatest faults, found while a video streams by: no two of them near one another, because
// neighbours show the same.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "resyncer/pipeline/report.h"

namespace resyncer::pipeline {

class WorstFrames {
 public:
  static constexpr std::size_t kMost = 6;
  static constexpr std::int64_t kApart = 12;  // frames

  // `make` is called for a frame that is kept, for now. Frames come in order; a fault that is NaN is none.
  template <typename Make>
  void see(std::int64_t frame, double fault, Make make) {
    if (!std::isfinite(fault)) return;
    // It takes the place of a near one, or of the smallest, if that is smaller.
    auto place = std::find_if(faults_.begin(), faults_.end(),
                              [&](const Fault& f) { return frame - f.column.frame < kApart; });
    if (place == faults_.end() && faults_.size() < kMost) {
      faults_.push_back({fault, make()});
      return;
    }
    if (place == faults_.end())
      place = std::min_element(faults_.begin(), faults_.end(),
                               [](const Fault& a, const Fault& b) { return a.size < b.size; });
    if (fault > place->size) *place = {fault, make()};
  }

  std::vector<FilmColumn> finish() {  // in the order of frames
    std::sort(faults_.begin(), faults_.end(),
              [](const Fault& a, const Fault& b) { return a.column.frame < b.column.frame; });
    std::vector<FilmColumn> columns;
    for (Fault& fault : faults_) columns.push_back(std::move(fault.column));
    faults_.clear();
    return columns;
  }

 private:
  struct Fault {
    double size = 0;
    FilmColumn column;
  };
  std::vector<Fault> faults_;
};

}  // namespace resyncer::pipeline
