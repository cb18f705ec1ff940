// Figures of what a mouth does over a clip. Openings are core::mouth_openness, one a frame; NaN where no face
// was seen, and such frames do not count.
#pragma once

#include <vector>

#include "resyncer/core/face.h"

namespace resyncer::eval {

struct LagCorrelation {
  double value = 0;  // Pearson, 0 when either sequence is constant
  int lag = 0;       // b is read at i + lag
};
// Best correlation of two sequences over lags in [-max_lag, max_lag]; frames whose `weight` (of b) is 0 do
// not count.
LagCorrelation best_lag_correlation(const std::vector<float>& a, const std::vector<float>& b,
                                    const std::vector<float>& weight, int max_lag);

// Standard deviation over the frames whose weight is above 0.
double deviation(const std::vector<float>& values, const std::vector<float>& weight);

// Landmark distance of the lips in one frame (LMD, Chen et al. 2018): mean over the 20 lip points, after both
// mouths are turned by their eyes' line, scaled to an outer-eye distance of 1 and laid with their centres on
// one another. 0 = the same mouth; a smile against a round mouth has about 0.05.
double lip_distance(const core::Landmarks& a, const core::Landmarks& b);

constexpr float kOpenMouth = 0.25F;  // core::mouth_openness above which a mouth counts as open

struct MouthLeak {
  int frames = 0;           // silent ones with a face
  double open_share = 0;    // of them with an opening above kOpenMouth
  double mean_opening = 0;  // in them
};
constexpr float kShutLips = 0.05F;  // core::mouth_openness below which lips count as shut

struct TimeSpan {
  double start = 0, end = 0;  // seconds
};

struct Closures {
  int spans = 0;  // in which a face was seen
  int shut = 0;   // of these, in which the lips shut
};
// In how many spans the opening falls below kShutLips, within them or `slack` seconds of them. `seconds`:
// when each opening was.
Closures closures(const std::vector<float>& opening, const std::vector<double>& seconds,
                  const std::vector<TimeSpan>& spans, double slack);

// What the mouth does where nobody speaks. `silent`: one a frame.
MouthLeak mouth_leak(const std::vector<float>& opening, const std::vector<bool>& silent);

}  // namespace resyncer::eval
