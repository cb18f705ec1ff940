// One person of a render: the face, the pictures that lend, and the mouth of every frame.
#pragma once

#include <vector>

#include "pipeline/frame_painter.h"
#include "pipeline/timeline.h"
#include "resyncer/motion/sync_former.h"

namespace resyncer::pipeline {

// Memory: about half a kB a frame, and the references.
struct FacePlan {
  FittedFace face;
  References references;
  std::vector<bool> asked;       // one an output frame: it is to be repainted, as far as the face can be seen
  std::vector<FrameTask> tasks;  // one an output frame; params == null: this face keeps its own pixels
};

// The tasks from the mouth and the weight of every output frame.
void plan_frames(const mesh::FaceModel& model, const Timeline& timeline, const motion::Coefficients& mouths,
                 const std::vector<float>& weights, FacePlan* plan);

// The same without new mouths: each frame keeps that of the footage.
void keep_motion(const Timeline& timeline, const std::vector<float>& weights, FacePlan* plan);

// Mouths of the footage in the place of new ones, as far as `weights` are below 1.
void mix_with_footage(const Timeline& timeline, const FittedFace& face, const std::vector<float>& weights,
                      motion::Coefficients* mouths);

}  // namespace resyncer::pipeline
