#include "pipeline/face_swap.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "resyncer/core/error.h"
#include "resyncer/generator/whole_face.h"
#include "resyncer/media/video_reader.h"
#include "resyncer/motion/sync_former.h"

namespace resyncer::pipeline {

namespace {

constexpr float kEdgeCm = 0.9F;  // soft edge of the whole face's mask

float largest_px_per_cm(const mesh::FaceModel& model, const FacePlan& plan) {
  const mesh::Vertices head =
      mesh::control_vertices(model, plan.face.identity, Eigen::VectorXf::Zero(model.expression_count()));
  float largest = 0;
  for (const FrameTask& task : plan.tasks)
    if (task.params != nullptr)
      largest = std::max(
          largest, mesh::px_per_cm(mesh::project(head, task.params->camera_from_head, plan.face.camera)));
  return largest;
}

// How far the expressions of brows and eyes open either eye, cm.
Eigen::MatrixXf eye_openings(const mesh::FaceModel& model) {
  const Eigen::Index first = model.speech_count, count = model.expression_count() - first;
  Eigen::MatrixXf openings(2, count);
  const int upper[2][2] = {{37, 38}, {43, 44}}, lower[2][2] = {{40, 41}, {46, 47}};
  auto height = [&](int i) { return model.expression.block(3 * i + 1, first, 1, count); };
  for (int eye = 0; eye < 2; ++eye)
    openings.row(eye) = 0.5F * (height(upper[eye][0]) + height(upper[eye][1]) - height(lower[eye][0]) -
                                height(lower[eye][1]));
  return openings;
}

// How high either eye is open, of control vertices in head coordinates.
std::array<float, 2> eye_heights(const mesh::Vertices& head) {
  std::array<float, 2> heights{};
  for (int eye = 0; eye < 2; ++eye) {
    const int first = 36 + 6 * eye;
    heights[std::size_t(eye)] =
        (head.row(first + 1) + head.row(first + 2) - head.row(first + 4) - head.row(first + 5)).norm();
  }
  return heights;
}

// How far the lids are shut, of every eye.
std::array<float, 2> shut_eyes(const std::array<float, 2>& heights, const std::array<float, 2>& at_rest) {
  constexpr float kOpen = 0.6F, kShut = 0.25F;  // of the height at rest
  std::array<float, 2> shut{};
  for (std::size_t eye = 0; eye < 2; ++eye)
    shut[eye] =
        std::clamp((kOpen - heights[eye] / std::max(at_rest[eye], 1e-3F)) / (kOpen - kShut), 0.F, 1.F);
  return shut;
}

// The other person's resting expression with lips and lids as far open as the own one's: what is shut in the
// footage must be shut when it is painted.
Eigen::VectorXf as_open(const mesh::FaceModel& model, const IdentitySource& source, const mesh::Vertices& own,
                        const Eigen::VectorXf& own_rest, const std::filesystem::path& motion) {
  Eigen::VectorXf rest = source.rest;
  const Eigen::Index lids = model.expression_count() - model.speech_count;
  const Eigen::MatrixXf eyes = eye_openings(model);
  if (lids >= 2)
    rest.tail(lids) +=
        eyes.completeOrthogonalDecomposition().solve(eyes * (own_rest.tail(lids) - rest.tail(lids)));
  const float missing =
      mesh::lip_openness(own) - mesh::lip_openness(mesh::control_vertices(model, source.identity, rest));
  rest.head(model.speech_count) += missing * motion::StyleSyncFormer(motion).lips_parting();
  return rest;
}

// What shapes new speech has nothing to shape without it.
const char* needs_speech(const RenderOptions& o) {
  const MouthControls& mouth = o.mouth;
  if (!mouth.motion_in.empty()) return "--motion-in";
  if (!mouth.motion_out.empty()) return "--motion-out";
  if (!mouth.gain.is(1)) return "--mouth-gain";
  if (!mouth.jaw_max.is(INFINITY)) return "--jaw-max";
  if (!mouth.smooth.is(0)) return "--smooth";
  if (mouth.keep_source_offset || !mouth.offset_ms.is(0)) return "--offset-ms";
  if (!o.speech_stem.empty()) return "--speech-stem";
  if (o.length != LengthMode::video) return "--length";
  if (o.silence != Silence::rest) return "--silence";
  if (!o.style.names.empty()) return "--style";
  if (!o.person.empty()) return "--person";
  if (o.adapt_minutes > 0) return "--adapt";
  return o.keep_source_audio ? "--keep-audio" : nullptr;
}

}  // namespace

void check_swap(const RenderOptions& options) {
  if (!options.identity.empty()) (void)identity_files(options.identity);
  if (!options.speech.empty()) return;
  if (options.identity.empty())
    throw core::Error(core::ErrorKind::usage, "there is no speech", "", "name it after -a");
  if (const char* control = needs_speech(options))
    throw core::Error(core::ErrorKind::usage, std::string(control) + " is for new speech, and there is none",
                      "", "name the speech after -a, or leave it out");
  if (media::probe_video(options.input).is_still)
    throw core::Error(core::ErrorKind::usage,
                      "a picture becomes a video as long as its speech, and there is none",
                      options.input.string(), "name the speech after -a");
}

PaintedFace painted_face(const mesh::FaceModel& model, const FittedFace& own, const IdentitySource& other,
                         const std::filesystem::path& motion) {
  PaintedFace face;
  face.own_rest = resting_expression(model, {&own}, motion);
  const mesh::Vertices mine = mesh::control_vertices(model, own.identity, face.own_rest);
  face.other_rest = as_open(model, other, mine, face.own_rest, motion);
  face.rest =
      generator::swapped_face(model, mine, mesh::control_vertices(model, other.identity, face.other_rest));
  return face;
}

SwapPlan plan_swap(const RenderOptions& options, const ModelSet& models, const RenderPlan& plan,
                   const ProgressSink& progress, RenderReport* report) {
  const auto& motion = models.get("motion").file;
  const FacePlan& own = plan.faces.front();
  SwapPlan swap;
  const auto start = SteadyClock::now();
  swap.source = load_identity(options.identity, plan.model, motion, analysis_options(options),
                              cache_options(options), progress);
  report->stages["identity"] = {seconds_since(start), std::int64_t(swap.source.references.references.size())};
  const PaintedFace face = painted_face(plan.model, own.face, swap.source, motion);
  swap.rest = face.rest;
  swap.own_rest = face.own_rest;
  swap.eyes_at_rest = eye_heights(mesh::control_vertices(plan.model, own.face.identity, swap.own_rest));
  limit_resolution(largest_px_per_cm(plan.model, own), &swap.source.references);
  for (const generator::Reference& reference : swap.source.references.references) {
    swap.mirrored.push_back(generator::mirrored(plan.model, reference));
    swap.facing.push_back(generator::facing(plan.model, reference));
    swap.mirrored_facing.push_back(generator::facing(plan.model, swap.mirrored.back()));
  }
  const Eigen::VectorXf weights = generator::mouth_weights(plan.model);
  std::vector<int> previous;
  for (const FrameTask& task : own.tasks) {
    swap.tasks.emplace_back();
    if (task.params == nullptr) continue;
    SwapTask& swapped = swap.tasks.back();
    swapped.expression = task.expression + face.other_rest - swap.own_rest;
    swapped.lenders = previous =
        generator::choose_lenders(swap.source.references.entries, swapped.expression, weights,
                                  mesh::head_angles(task.params->camera_from_head), previous);
  }
  return swap;
}

void swap_face(const Scene& scene, const SwapPlan& swap, const FrameTask& task, const SwapTask& swapped,
               Workspace* work, media::VideoFrame* frame, core::ImageU8* mask) {
  StageClock clock(&work->stages, "swap");
  const mesh::FaceModel& model = *scene.model;
  const core::Affine2 stored_from_upright = scene.upright_from_stored.inverse();
  auto placed = [&](const mesh::Vertices& head) {
    return generator::transform(mesh::project(head, task.params->camera_from_head, scene.face->camera),
                                stored_from_upright);
  };
  const mesh::Vertices own_head = mesh::control_vertices(model, scene.face->identity, task.expression),
                       own = placed(own_head);
  mesh::Vertices head = swap.rest;
  const Eigen::VectorXf moved = model.expression * (task.expression - swap.own_rest);
  Eigen::Map<Eigen::VectorXf>(head.data(), head.size()) += moved;
  const mesh::Vertices target = mesh::dense_vertices(model, placed(head)),
                       own_dense = mesh::dense_vertices(model, own);

  const auto& entries = swap.source.references.entries;
  const std::vector<float> trust = generator::reference_trust(
      entries, swapped.lenders, swapped.expression, generator::mouth_weights(model),
      mesh::head_angles(task.params->camera_from_head));
  const generator::Painting painting = generator::trusting_painting(trust);
  const float px_per_cm = mesh::px_per_cm(own);
  generator::PatchInput input;
  input.painting = &painting;
  input.crop_from_frame =
      core::Affine2(Eigen::Scaling(2.F / (generator::kCropWidthCm * std::max(1e-3F, px_per_cm))));
  input.target = &target;
  input.mask = generator::whole_face_polygon(own);
  input.feather = kEdgeCm * px_per_cm;
  input.trust = trust;
  input.frame_width = frame->layout().width;
  input.frame_height = frame->layout().height;

  core::ImageF rgb;
  const generator::OwnFace face{&rgb, &own_dense, shut_eyes(eye_heights(own_head), swap.eyes_at_rest)};
  auto paint = [&](const std::vector<generator::Reference>& lenders, core::Patch* patch) {
    input.references.clear();
    for (int i : swapped.lenders) input.references.push_back(&lenders[std::size_t(i)]);
    generator::make_patch(model, input, &work->scratch, patch);
    if (patch->roi.empty()) return generator::SkinSeen{};
    if (rgb.empty()) compose::read_rgb(*frame, patch->roi, &rgb, &work->compose);
    return generator::relight(model, face, target, &work->scratch, patch);
  };
  const generator::SkinSeen seen = paint(swap.source.references.references, &work->patch);
  if (work->patch.roi.empty()) return;
  auto mean = [&](const std::vector<Eigen::VectorXf>& all) {
    Eigen::VectorXf sum = Eigen::VectorXf::Zero(target.rows());
    float weight = 1e-6F;
    for (std::size_t k = 0; k < trust.size(); ++k)
      sum += trust[k] * all[std::size_t(swapped.lenders[k])], weight += trust[k];
    return Eigen::VectorXf(sum / weight);
  };
  const core::ImageF share = generator::share_of_mirror(
      model, seen, mean(swap.facing), mean(swap.mirrored_facing), px_per_cm, work->scratch, work->patch);
  if (share.empty()) {
    generator::join_faces(seen, {}, &work->patch);
  } else {
    core::Patch other;
    const generator::SkinSeen other_seen = paint(swap.mirrored, &other);
    generator::join_faces(seen, {&other, &other_seen, &share}, &work->patch);
  }
  generator::keep_openings(model, face, target, 1, px_per_cm, &work->scratch, &work->patch);
  if (task.weight < 1)
    for (float& alpha : work->patch.alpha.data) alpha *= task.weight;
  blend(work->patch, frame, mask, &work->compose);
}

}  // namespace resyncer::pipeline
