// How far lips open: predicted meshes are given the range of the wanted speaker, and closures where the sound
// tells of them. Openings are measured to first order, along the motion model's gradient: mesh::lip_openness
// less that of people's mean mesh.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "resyncer/motion/sync_former.h"
#include "resyncer/nets/sync_former.h"

namespace resyncer::motion {

struct Opening {
  Eigen::VectorXf gradient;
  Eigen::VectorXf lift;     // what opens the lips by 1 in the way that mouths open: gradient . lift = 1
  Eigen::VectorXf parting;  // the same in the way that lips part which have met
  float at_rest = 0, usual_deviation = 0;
};

Eigen::VectorXf vector_of(const torch::Tensor& t);
Opening opening_of(const nets::SyncFormer& network);

// The opening at which the lips of somebody meet whose lips are open by `rest_opening` (mesh::lip_openness)
// in the mesh `rest`.
float touching(const Opening& lips, const Eigen::VectorXf& rest, float rest_opening);

// 0 below `from`, 1 above `to`, smooth in between.
float smooth_step(float value, float from, float to);

// How far lips go in both directions, but for the odd frame, and where they are as often above as below:
// lower and upper decile and median of their opening. Closed and wide open are the same in speech without a
// pause and in speech with many, which mean and deviation are not.
struct Range {
  float low = 0, middle = 0, high = 0;
};

Range range_of(std::vector<float> openings);

// How much farther the lips of `to` go than those of `from`, within reason.
float range_ratio(const Opening& lips, const Coefficients& from, const Coefficients& to);

struct WantedRange {
  Range range;
  bool bent = false;  // the median counts too
  float share = 0;    // of `range` against what people usually do, about the middle of the guess
  float least = 0;    // opening below which lips would pass through each other
};

// A guess that hedges moves too little, more so on a voice it does not know. The meshes are scaled and
// shifted so that the lips open as wide and close as far as is wanted. Frames that are not `active` do not
// count.
void match_range(const Opening& lips, const WantedRange& wanted, const std::vector<bool>& active,
                 Coefficients* meshes);

// Mean change of the opening in a second, in ranges from decile to decile; 0 for lips that keep still.
float tempo_of(const Eigen::VectorXf& openings);

// Motion that is faster or slower than the wanted tempo for how far it goes (0 = whatever it is) is made
// smoother, or, within limits, the opposite of it. `share`: of the way there.
void match_tempo(const Opening& lips, float tempo, float share, const std::vector<bool>& active,
                 Coefficients* meshes);

// The lips meet where the sound says so, whoever speaks: a network that learned from few people follows them
// no further than theirs came. But where it has the mouth as wide open as it gets, the sound was misheard.
// `shut`: probability a mesh; `touching`: the opening, along the gradient, at which this person's lips meet.
void shut_lips(const Opening& lips, const std::vector<float>& shut, float touching, Coefficients* meshes);

}  // namespace resyncer::motion
