#include "pipeline/face_swap.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "resyncer/generator/whole_face.h"

namespace resyncer::pipeline {

namespace {

constexpr float kEdgeCm = 0.9F;  // soft edge of the whole face's mask

constexpr float kJawCm = 13.1F;  // landmark 3 to 13

// Of projected control vertices.
float px_per_cm_of(const mesh::Vertices& control) { return (control.row(13) - control.row(3)).norm() / kJawCm; }

float largest_px_per_cm(const RenderPlan& plan) {
  const mesh::Vertices head = mesh::control_vertices(plan.model, plan.face.identity,
                                                     Eigen::VectorXf::Zero(plan.model.expression_count()));
  float largest = 0;
  for (const FrameTask& task : plan.tasks)
    if (task.params != nullptr)
      largest = std::max(
          largest, px_per_cm_of(mesh::project(head, task.params->camera_from_head, plan.face.camera)));
  return largest;
}

}  // namespace

SwapPlan plan_swap(const RenderOptions& options, const RenderPlan& plan, const ProgressSink& progress,
                   RenderReport* report) {
  AnalysisOptions of_analysis;
  of_analysis.tracker = options.tracker;
  of_analysis.threads = options.threads == 1 ? 1 : 2;
  CacheOptions cache;
  if (options.use_cache)
    cache.folder = options.cache_folder.empty() ? default_cache_folder() : options.cache_folder;
  SwapPlan swap;
  const auto start = std::chrono::steady_clock::now();
  swap.source = load_identity(options.identity, plan.model, of_analysis, cache, progress);
  report->stages["identity"] = {
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
      std::int64_t(swap.source.references.references.size())};
  swap.neutral = generator::swapped_neutral(plan.model, plan.face.identity, swap.source.identity);
  limit_resolution(largest_px_per_cm(plan), &swap.source.references);
  const Eigen::VectorXf weights = generator::mouth_weights(plan.model);
  std::vector<int> previous;
  for (const FrameTask& task : plan.tasks) {
    swap.tasks.emplace_back();
    if (task.params == nullptr) continue;
    SwapTask& swapped = swap.tasks.back();
    swapped.expression = task.expression;
    swapped.lenders = previous =
        generator::choose_lenders(swap.source.references.entries, swapped.expression, weights,
                                  mesh::head_angles(task.params->camera_from_head), previous);
  }
  return swap;
}

void swap_face(const Scene& scene, const SwapPlan& swap, const FrameTask& task, const SwapTask& swapped,
               Workspace* work, media::VideoFrame* frame, core::ImageU8* mask) {
  const mesh::FaceModel& model = *scene.model;
  const core::Affine2 stored_from_upright = scene.upright_from_stored.inverse();
  auto placed = [&](const mesh::Vertices& head) {
    return generator::transform(mesh::project(head, task.params->camera_from_head, scene.face->camera),
                                stored_from_upright);
  };
  const mesh::Vertices own =
      placed(mesh::control_vertices(model, scene.face->identity, task.expression));
  mesh::Vertices head = swap.neutral;
  const Eigen::VectorXf moved = model.expression * swapped.expression;
  Eigen::Map<Eigen::VectorXf>(head.data(), head.size()) += moved;
  const mesh::Vertices target = mesh::dense_vertices(model, placed(head)),
                       own_dense = mesh::dense_vertices(model, own);

  const auto& entries = swap.source.references.entries;
  std::vector<const generator::Reference*> lenders;
  for (int i : swapped.lenders) lenders.push_back(&swap.source.references.references[std::size_t(i)]);
  const std::vector<float> trust =
      generator::reference_trust(entries, swapped.lenders, swapped.expression, generator::mouth_weights(model),
                                 mesh::head_angles(task.params->camera_from_head));
  const generator::Painting painting = generator::trusting_painting(trust);
  const float px_per_cm = px_per_cm_of(own);

  generator::PatchInput input;
  input.painting = &painting;
  input.crop_from_frame =
      core::Affine2(Eigen::Scaling(2.F / (generator::kCropWidthCm * std::max(1e-3F, px_per_cm))));
  input.target = &target;
  input.mask = generator::whole_face_polygon(own);
  input.feather = kEdgeCm * px_per_cm;
  input.references = lenders;
  input.trust = trust;
  input.frame_width = frame->layout().width;
  input.frame_height = frame->layout().height;
  generator::make_patch(model, input, &work->scratch, &work->patch);
  if (work->patch.roi.empty()) return;
  core::ImageF rgb;
  compose::read_rgb(*frame, work->patch.roi, &rgb, &work->compose);
  const generator::OwnFace face{&rgb, &own_dense};
  generator::relight(model, face, target, &work->scratch, &work->patch);
  generator::keep_openings(model, face, target, 1, px_per_cm, &work->scratch, &work->patch);
  if (task.weight < 1)
    for (float& alpha : work->patch.alpha.data) alpha *= task.weight;
  core::ImageU8 changed;
  compose::composite(work->patch, frame, mask != nullptr ? &changed : nullptr, &work->compose);
  if (mask == nullptr) return;
  if (mask->empty()) *mask = core::ImageU8(changed.width, changed.height, 1);
  std::transform(changed.data.begin(), changed.data.end(), mask->data.begin(), mask->data.begin(),
                 [](std::uint8_t a, std::uint8_t b) { return std::max(a, b); });
}

}  // namespace resyncer::pipeline
