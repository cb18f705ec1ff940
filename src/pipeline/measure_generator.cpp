#include <algorithm>

#include "pipeline/frame_painter.h"
#include "resyncer/core/error.h"
#include "resyncer/eval/image_metrics.h"
#include "resyncer/media/video_reader.h"
#include "resyncer/media/video_writer.h"
#include "resyncer/pipeline/cache.h"
#include "resyncer/pipeline/measure.h"

namespace resyncer::pipeline {

namespace {

// Frames whose face is fully usable, `count` of them, evenly.
std::vector<std::int64_t> measured_frames(const FittedFace& face, int count) {
  std::vector<std::int64_t> usable, chosen;
  for (std::size_t i = 0; i < face.frames.size(); ++i)
    if (face.frames[i] && face.weight[i] >= 1) usable.push_back(std::int64_t(i));
  for (int k = 0; k < count && !usable.empty(); ++k) {
    std::int64_t frame = usable[usable.size() * std::size_t(k) / std::size_t(count)];
    if (chosen.empty() || chosen.back() != frame) chosen.push_back(frame);
  }
  return chosen;
}

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

GeneratorFigures measure_generator(const std::filesystem::path& clip, const ModelSet& models,
                                   const MeasureOptions& options) {
  mesh::FaceModel model = mesh::load_face_model(models.get("face-model").file);
  generator::RewiredGenerator network(models.get("generator").file);
  Analysis analysis = analyse_cached(clip, {}, {options.cache, 0});
  FittedFace face = fit(analysis, model);
  References references = take_references(&analysis, face, model);
  media::VideoReader reader(clip);

  Scene with_network{&model, &face, &references, &network, reader.upright_from_stored(), network.side()};
  Scene with_warp = with_network;
  with_warp.network = nullptr;

  GeneratorFigures figures{clip, 0, {}, {}, face.reprojection_error};
  std::vector<std::int64_t> chosen = measured_frames(face, options.frames);
  Workspace work;
  std::int64_t index = 0;
  for (auto next = chosen.begin(); next != chosen.end(); ++index) {
    std::optional<media::VideoFrame> frame = reader.read();
    if (!frame) break;
    if (index != *next) continue;
    ++next;
    const mesh::FaceParams& params = *face.frames[std::size_t(index)];
    generator::ChoiceOptions far;
    far.exclude_from = analysis.seconds(index) - options.min_reference_gap;
    far.exclude_to = analysis.seconds(index) + options.min_reference_gap;
    FrameTask task{&params, 1.F, params.expression, {}};
    task.references =
        generator::choose_lenders(references.entries, task.expression, generator::mouth_weights(model),
                                  mesh::head_angles(params.camera_from_head), {}, far);
    if (task.references.empty()) continue;
    media::VideoFrame copy = media::with_pts(*frame, frame->pts());  // painting must leave the source alone
    core::ImageF before;
    paint_frame(with_network, task, &work, &copy, nullptr);
    compose::read_rgb(*frame, work.patch.roi, &before);
    add(before, copy, work.patch, &figures.network);
    copy = media::with_pts(*frame, frame->pts());
    paint_frame(with_warp, task, &work, &copy, nullptr);
    add(before, copy, work.patch, &figures.warp);
    ++figures.frames;
  }
  if (figures.frames == 0)
    throw core::Error(core::ErrorKind::face, "no frame can be measured (too short, or no clear face)",
                      clip.string());
  divide(&figures.network, figures.frames);
  divide(&figures.warp, figures.frames);
  return figures;
}

}  // namespace resyncer::pipeline
