// The face of another person in every frame, in the place of the footage's own.
#pragma once

#include "pipeline/frame_painter.h"
#include "pipeline/identity_source.h"
#include "pipeline/render_plan.h"

namespace resyncer::pipeline {

struct SwapTask {
  Eigen::VectorXf expression;  // the frame's own, about the other person's usual one
  std::vector<int> lenders;    // indices into SwapPlan::source's references
};

struct SwapPlan {
  IdentitySource source;
  mesh::Vertices neutral;       // generator::swapped_neutral
  std::vector<SwapTask> tasks;  // one a frame of the render's plan
};

// Throws Error{input, face}.
SwapPlan plan_swap(const RenderOptions& options, const RenderPlan& plan, const ProgressSink& progress,
                   RenderReport* report);

// Repaints the frame, which shows task.expression already, in place. `mask`, if given and not empty, keeps the
// larger of its own and the new values.
void swap_face(const Scene& scene, const SwapPlan& swap, const FrameTask& task, const SwapTask& swapped,
               Workspace* work, media::VideoFrame* frame, core::ImageU8* mask);

}  // namespace resyncer::pipeline
