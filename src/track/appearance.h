// What a followed face looks like, to notice what the detector and the landmarks overlook: with a hand or a
// microphone before the mouth there is still a face, and the predictor draws a mouth upon the hand.
#pragma once

#include <array>
#include <vector>

#include "resyncer/core/image.h"

namespace resyncer::track {

// Small pictures of one face in the poses that it was clearly seen in.
class Appearance {
 public:
  // Likeness in [-1, 1] of the face that fills the square of side `box_side` at (box_left, box_left) of
  // `chip` to the nearest picture known: the lower of the correlations of the upper and the lower half of the
  // face. `clearly_a_face`: the look is remembered when it is new. 1 while nothing is known.
  float compare(const core::ImageU8& chip, float box_left, float box_side, bool clearly_a_face);

 private:
  static constexpr int kSide = 24;  // px of a picture
  static constexpr int kKnown = 8;  // pictures; the oldest gives way
  using Picture = std::array<float, kSide * kSide>;

  std::vector<Picture> known_;
  std::size_t oldest_ = 0;
};

}  // namespace resyncer::track
