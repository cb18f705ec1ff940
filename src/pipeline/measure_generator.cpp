#include "measure_painting.h"
#include "pipeline/frame_painter.h"
#include "resyncer/core/error.h"
#include "resyncer/eval/image_metrics.h"
#include "resyncer/media/video_reader.h"
#include "resyncer/pipeline/cache.h"

namespace resyncer::pipeline {

namespace {

// Frames of the stretch whose face is fully usable.
std::vector<std::int64_t> usable_frames(const Analysis& analysis, const FittedFace& face,
                                        const Stretch& stretch) {
  std::vector<std::int64_t> usable;
  for (std::size_t i = 0; i < face.frames.size(); ++i)
    if (face.frames[i] && face.weight[i] >= 1 && contains(stretch, analysis, std::int64_t(i)))
      usable.push_back(std::int64_t(i));
  return usable;
}

constexpr int kBaselineSide = 256;  // px: of the crop that the soft edge of the warp is measured in

void add(const core::ImageF& before, const media::VideoFrame& painted, const core::Patch& patch,
         PaintFigures* sum) {
  core::ImageF after;
  compose::read_rgb(painted, patch.roi, &after);
  sum->psnr += eval::psnr(before, after, patch.alpha);
  sum->ssim += eval::ssim(before, after, patch.alpha);
  double sharpness = eval::laplacian_variance(before, patch.alpha);
  if (sharpness > 0) sum->sharpness_ratio += eval::laplacian_variance(after, patch.alpha) / sharpness;
}

void divide(PaintFigures* sum, int count) {
  sum->psnr /= count;
  sum->ssim /= count;
  sum->sharpness_ratio /= count;
}

}  // namespace

std::vector<std::int64_t> evenly(const std::vector<std::int64_t>& frames, int count) {
  std::vector<std::int64_t> chosen;
  for (int k = 0; k < count && !frames.empty(); ++k) {
    std::int64_t frame = frames[frames.size() * std::size_t(k) / std::size_t(count)];
    if (chosen.empty() || chosen.back() != frame) chosen.push_back(frame);
  }
  return chosen;
}

PaintingFigures measure_painting(const PaintedClip& clip,
                                 const std::vector<const generator::RewiredGenerator*>& painters,
                                 const std::vector<std::int64_t>& frames, double gap) {
  media::VideoReader reader(clip.clip);
  Scene scene{&clip.model, &clip.face, &clip.references, nullptr, reader.upright_from_stored(), 0};
  PaintingFigures figures{0, std::vector<PaintFigures>(painters.size())};
  const Eigen::VectorXf mouth_weights = generator::mouth_weights(clip.model);
  Workspace work;
  core::ImageU8 scratch;
  std::int64_t index = 0;
  for (auto next = frames.begin(); next != frames.end(); ++index) {
    std::optional<media::VideoFrame> frame = reader.read();
    if (!frame) break;
    if (index != *next) continue;
    ++next;
    const mesh::FaceParams& params = *clip.face.frames[std::size_t(index)];
    const double now = clip.analysis.seconds(index);
    generator::MouthView mouth =
        mouth_view(clip.model, clip.face, index, clip.analysis.centre_seconds(index));
    take_crop(*frame, scene.upright_from_stored, mouth.picture_from_frame, generator::kMouthPicture, &scratch,
              &mouth.picture);
    generator::ChoiceOptions far;
    far.exclude_from = now - gap;
    far.exclude_to = now + gap;
    FrameTask task{&params, 1.F, clip.references.mouths->align(mouth, gap), {}};
    task.references = generator::choose_lenders(clip.references.entries, task.expression, mouth_weights,
                                                mesh::head_angles(params.camera_from_head), {}, far);
    if (task.references.empty()) continue;
    for (std::size_t i = 0; i < painters.size(); ++i) {
      scene.network = painters[i];
      scene.side = painters[i] != nullptr ? painters[i]->side() : kBaselineSide;
      media::VideoFrame copy = media::with_pts(*frame, frame->pts());  // painting must leave the source alone
      paint_frame(scene, task, &work, &copy, nullptr);
      core::ImageF before;
      compose::read_rgb(*frame, work.patch.roi, &before);
      add(before, copy, work.patch, &figures.painters[i]);
    }
    ++figures.frames;
  }
  for (PaintFigures& sum : figures.painters)
    if (figures.frames > 0) divide(&sum, figures.frames);
  return figures;
}

GeneratorFigures measure_generator(const std::filesystem::path& clip, const ModelSet& models,
                                   const MeasureOptions& options) {
  mesh::FaceModel model = mesh::load_face_model(models.get("face-model").file);
  generator::RewiredGenerator network(models.get("generator").file, with_person(models, options.person));
  Analysis analysis = analyse_cached(clip, {}, {options.cache, 0});
  FittedFace face = fit(analysis, model);
  References references = take_references(&analysis, face, model);
  const auto frames = evenly(usable_frames(analysis, face, options.stretch), options.frames);
  const PaintingFigures painted = measure_painting({clip, analysis, face, references, model},
                                                   {&network, nullptr}, frames, options.min_reference_gap);
  if (painted.frames == 0)
    throw core::Error(core::ErrorKind::face, "no frame can be measured (too short, or no clear face)",
                      clip.string());
  return {clip, painted.frames, painted.painters[0], painted.painters[1], face.reprojection_error};
}

}  // namespace resyncer::pipeline
