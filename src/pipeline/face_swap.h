// The face of another person in every frame, in the place of the footage's own.
#pragma once

#include <array>

#include "pipeline/frame_painter.h"
#include "pipeline/identity_source.h"
#include "pipeline/render_plan.h"

namespace resyncer::pipeline {

struct SwapTask {
  Eigen::VectorXf expression;  // the frame's own, told from the other person's rest
  std::vector<int> lenders;    // indices into SwapPlan::source's references
};

struct SwapPlan {
  IdentitySource source;
  std::vector<generator::Reference> mirrored;            // the source's references in a mirror
  std::vector<Eigen::VectorXf> facing, mirrored_facing;  // generator::facing of both
  mesh::Vertices rest;                                   // generator::swapped_face
  Eigen::VectorXf own_rest;                              // expression of the footage's person at `rest`
  std::array<float, 2> eyes_at_rest{};  // heights of the footage's person's eyes at `own_rest`
  std::vector<SwapTask> tasks;          // one a frame of the render's plan
};

// The face that is painted, at rest.
struct PaintedFace {
  mesh::Vertices rest;                   // generator::swapped_face
  Eigen::VectorXf own_rest, other_rest;  // expressions of the two people there
};
// `own`: of the footage. `motion`: weights. Throws Error{model}.
PaintedFace painted_face(const mesh::FaceModel& model, const FittedFace& own, const IdentitySource& other,
                         const std::filesystem::path& motion);

// Before any work. Throws Error{usage} where there is no speech and what was asked for needs some,
// Error{input} where there is nothing to take an identity from.
void check_swap(const RenderOptions& options);

// Throws Error{input, face}.
SwapPlan plan_swap(const RenderOptions& options, const ModelSet& models, const RenderPlan& plan,
                   const ProgressSink& progress, RenderReport* report);

// Repaints the frame, which shows task.expression already, in place. `mask`, if given, has the frame's size
// and keeps the larger of its own and the new values.
void swap_face(const Scene& scene, const SwapPlan& swap, const FrameTask& task, const SwapTask& swapped,
               Workspace* work, media::VideoFrame* frame, core::ImageU8* mask);

}  // namespace resyncer::pipeline
