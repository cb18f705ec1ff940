// Flicker of a result inside its mask, and of the video that it is held against, as seen through one window
// that goes along with the head: what the head does is then in neither.
#pragma once

#include <deque>
#include <optional>

#include "pipeline/result_mask.h"

namespace resyncer::pipeline {

struct FlickerEnergies {                         // eval::high_pass_energy
  double result = 0, reference = 0;              // inside the mask, but for the lips
  double result_mouth = 0, reference_mouth = 0;  // the lips of either and what is between them
};

class FlickerMeter {
 public:
  void restart() { views_.clear(); }  // at a cut, or where a frame is missing
  // The next frame. Gives what is known of the frame before it, once three in a row were seen.
  std::optional<FlickerEnergies> push(const media::VideoFrame& result, const media::VideoFrame& reference,
                                      const core::Affine2& upright_from_stored, const FrameMeshes& meshes,
                                      const FrameMask& mask);

 private:
  struct View {
    core::ImageF result, reference, skin, mouth;
  };
  std::deque<View> views_;
  core::ImageU8 scratch_, crop_;
};

}  // namespace resyncer::pipeline
