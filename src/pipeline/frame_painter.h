// One frame: from the source's picture, its fitted face and the new expression to the frame with the new
// mouth.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "resyncer/compose/compositor.h"
#include "resyncer/generator/patch.h"
#include "resyncer/generator/rewired_generator.h"
#include "resyncer/media/video_frame.h"
#include "resyncer/pipeline/analysis.h"
#include "resyncer/pipeline/render.h"

namespace resyncer::pipeline {

// What does not change from frame to frame; shared by all threads.
struct Scene {
  const mesh::FaceModel* model = nullptr;
  const FittedFace* face = nullptr;
  const References* references = nullptr;
  const generator::RewiredGenerator* network = nullptr;  // null: the first reference alone (Renderer::warp)
  core::Affine2 upright_from_stored = core::Affine2::Identity();
  int side = 256;          // px of the generator's crop
  core::Patch label = {};  // drawn over every altered frame; empty = none
};

constexpr float kFeatherCm = 0.7F;  // soft edge of the mask on the face

struct FrameTask {
  const mesh::FaceParams* params = nullptr;  // of the source's frame
  float weight = 0;                          // multiplies alpha
  Eigen::VectorXf expression;                // new, all coefficients
  std::vector<int> references;               // indices into Scene::references
};

// The meshes of a frame in upright px: control vertices.
struct FrameMeshes {
  mesh::Vertices neutral, source, target;
};
FrameMeshes frame_meshes(const Scene& scene, const FrameTask& task);

// Stored px of a centimetre on the face, by the map to a generator's crop of `side` px.
float px_of_cm(const core::Affine2& crop_from_stored, int side);

// Buffers and clocks of one thread.
struct Workspace {
  generator::GuidanceScratch scratch;
  generator::Guidance guidance;
  generator::Painting painting;
  core::Patch patch;
  compose::Workspace compose;
  core::ImageU8 region, crop;
  core::ImageF mask;
  std::map<std::string, StageTime> stages;
};

// Adds the time of its life to a stage.
class StageClock {
 public:
  StageClock(std::map<std::string, StageTime>* stages, const char* name) : stages_(stages), name_(name) {}
  ~StageClock();
  StageClock(const StageClock&) = delete;
  StageClock& operator=(const StageClock&) = delete;

 private:
  std::map<std::string, StageTime>* stages_;
  const char* name_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// compose::composite; `mask`, if given, has the frame's size and keeps the larger of its own and the new
// values.
void blend(const core::Patch& patch, media::VideoFrame* frame, core::ImageU8* mask,
           compose::Workspace* workspace);

// Repaints the frame in place. `mask`: see blend.
void paint_frame(const Scene& scene, const FrameTask& task, Workspace* work, media::VideoFrame* frame,
                 core::ImageU8* mask);

}  // namespace resyncer::pipeline
