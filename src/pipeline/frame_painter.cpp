#include "pipeline/frame_painter.h"

#include <algorithm>
#include <cmath>

#include "resyncer/pipeline/reference_bank.h"

namespace resyncer::pipeline {

namespace {

std::vector<const generator::Reference*> pick(const References& references, const std::vector<int>& indices) {
  std::vector<const generator::Reference*> picked;
  picked.reserve(indices.size());
  for (int index : indices) picked.push_back(&references.references[std::size_t(index)]);
  return picked;
}

// The pictures that lend, and what is known of them.
struct Lenders {
  const std::vector<const generator::Reference*>& references;
  const std::vector<float>& trust;
  float doubt;
};

void paint_crop(const Scene& scene, const FrameMeshes& meshes, const core::Affine2& crop_from_upright,
                const Lenders& lenders, const media::VideoFrame& frame, Workspace* work) {
  {
    StageClock clock(&work->stages, "guidance");
    take_crop(frame, scene.upright_from_stored, crop_from_upright, scene.side, &work->region, &work->crop);
    auto in_crop = [&](const mesh::Vertices& v) { return generator::transform(v, crop_from_upright); };
    mesh::Vertices target = in_crop(meshes.target);
    work->mask = core::ImageF(scene.side, scene.side, 1);
    generator::fill_mask(generator::mask_polygon(in_crop(meshes.neutral), in_crop(meshes.source), target),
                         core::Point2(0, 0), 0, &work->mask);
    mesh::Vertices dense = mesh::dense_vertices(*scene.model, target);
    generator::build_guidance(
        *scene.model, {&work->crop, &work->mask, &dense, lenders.references, lenders.trust, lenders.doubt},
        &work->scratch, &work->guidance);
  }
  StageClock clock(&work->stages, "generator");
  scene.network->paint(work->guidance, &work->painting);
  generator::finish_painting(work->guidance, scene.network->adapted(), &work->painting);
}

}  // namespace

StageClock::~StageClock() {
  StageTime& stage = (*stages_)[name_];
  stage.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  ++stage.frames;
}

FrameMeshes frame_meshes(const Scene& scene, const FrameTask& task) {
  const auto& face = *scene.face;
  auto placed = [&](const Eigen::VectorXf& expression) {
    return mesh::project(mesh::control_vertices(*scene.model, face.identity, expression),
                         task.params->camera_from_head, face.camera);
  };
  Eigen::VectorXf rest = Eigen::VectorXf::Zero(scene.model->expression_count());
  return {placed(rest), placed(task.params->expression), placed(task.expression)};
}

float px_of_cm(const core::Affine2& crop_from_stored, int side) {
  const float crop_px_per_stored_px = std::sqrt(std::abs(crop_from_stored.linear().determinant()));
  return float(side) / generator::kCropWidthCm / crop_px_per_stored_px;
}

void blend(const core::Patch& patch, media::VideoFrame* frame, core::ImageU8* mask,
           compose::Workspace* workspace) {
  constexpr int kReach = 8;  // px: chroma samples may lie beyond the roi
  core::ImageU8 changed;
  compose::composite(patch, frame, mask != nullptr ? &changed : nullptr, workspace);
  if (mask == nullptr) return;
  const int end = std::min(mask->height, patch.roi.bottom + kReach);
  for (int y = std::max(0, patch.roi.top - kReach); y < end; ++y)
    std::transform(changed.row(y), changed.row(y) + mask->width, mask->row(y), mask->row(y),
                   [](std::uint8_t a, std::uint8_t b) { return std::max(a, b); });
}

void paint_frame(const Scene& scene, const FrameTask& task, Workspace* work, media::VideoFrame* frame,
                 core::ImageU8* mask) {
  FrameMeshes meshes = frame_meshes(scene, task);
  core::Affine2 crop_from_upright = generator::crop_from_frame(meshes.neutral, scene.side);
  auto references = pick(*scene.references, task.references);
  std::vector<float> trust;
  if (scene.network != nullptr) {
    const auto& entries = scene.references->entries;
    const Eigen::VectorXf mouth_weights = generator::mouth_weights(*scene.model);
    const Eigen::Vector3f angles = mesh::head_angles(task.params->camera_from_head);
    trust = generator::reference_trust(entries, task.references, task.expression, mouth_weights, angles);
    const float doubt =
        generator::mean_doubt(entries, task.references, task.expression, mouth_weights, angles);
    paint_crop(scene, meshes, crop_from_upright, {references, trust, doubt}, *frame, work);
  }

  core::Affine2 stored_from_upright = scene.upright_from_stored.inverse();
  auto stored = [&](const mesh::Vertices& v) { return generator::transform(v, stored_from_upright); };
  {
    StageClock clock(&work->stages, "patch");
    mesh::Vertices target = stored(meshes.target), dense = mesh::dense_vertices(*scene.model, target);
    generator::PatchInput input;
    input.painting = scene.network != nullptr ? &work->painting : nullptr;
    input.crop_from_frame = crop_from_upright * scene.upright_from_stored;
    if (scene.network != nullptr) {
      const core::Point2 offset = input.crop_from_frame.linear().inverse() * work->guidance.offset;
      dense.leftCols<2>().rowwise() += offset.transpose();
    }
    input.target = &dense;
    input.mask = generator::mask_polygon(stored(meshes.neutral), stored(meshes.source), target);
    input.feather = kFeatherCm * px_of_cm(input.crop_from_frame, scene.side);
    input.references = references;
    input.trust = trust;
    input.frame_width = frame->layout().width;
    input.frame_height = frame->layout().height;
    generator::make_patch(*scene.model, input, &work->scratch, &work->patch);
    if (task.weight < 1)
      for (float& alpha : work->patch.alpha.data) alpha *= task.weight;
  }
  StageClock clock(&work->stages, "compose");
  compose::match_colour(*frame, {}, &work->patch, &work->compose);
  blend(work->patch, frame, mask, &work->compose);
}

}  // namespace resyncer::pipeline
