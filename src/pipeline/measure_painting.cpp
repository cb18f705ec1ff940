#include "measure_painting.h"

#include <algorithm>

#include "pipeline/flicker.h"
#include "pipeline/frame_painter.h"
#include "resyncer/eval/image_metrics.h"
#include "resyncer/eval/seam_metrics.h"
#include "resyncer/media/video_reader.h"

namespace resyncer::pipeline {

namespace {

constexpr int kBaselineSide = 256;  // px: of the crop that the soft edge of the warp is measured in

// What one painter has painted so far.
struct Account {
  PaintFigures sum;
  FlickerMeter flicker;
  double high_pass = 0, source_high_pass = 0;

  void add(const media::VideoFrame& source, const media::VideoFrame& painted, const core::Patch& patch,
           const FrameMeshes& meshes, const core::Affine2& upright_from_stored) {
    core::ImageF before, after;
    compose::read_rgb(source, patch.roi, &before);
    compose::read_rgb(painted, patch.roi, &after);
    sum.psnr += eval::psnr(before, after, patch.alpha);
    sum.ssim += eval::ssim(before, after, patch.alpha);
    const double sharpness = eval::laplacian_variance(before, patch.alpha);
    if (sharpness > 0) sum.sharpness_ratio += eval::laplacian_variance(after, patch.alpha) / sharpness;

    FrameMask mask;  // wider than the patch: a seam needs skin on either side
    rebuild_mask(meshes, upright_from_stored, source.layout().width, source.layout().height, &mask);
    compose::read_rgb(source, mask.roi, &before);
    compose::read_rgb(painted, mask.roi, &after);
    sum.seam_ratio += eval::seam_ratio(after, before, eval::seam_zones(mask.alpha));
    const auto energies = flicker.push(painted, source, upright_from_stored, meshes, mask);
    if (!energies) return;
    high_pass += energies->result;
    source_high_pass += energies->reference;
  }

  PaintFigures mean(int frames) const {
    const double n = std::max(1, frames);
    return {sum.psnr / n, sum.ssim / n, sum.sharpness_ratio / n, sum.seam_ratio / n,
            source_high_pass > 0 ? high_pass / source_high_pass : 0};
  }
};

// What a frame is painted with: its own mouth, as its picture shows it, and references of another time.
class OwnMouths {
 public:
  OwnMouths(const PaintedClip& clip, const core::Affine2& upright_from_stored, double gap)
      : clip_(clip),
        upright_(upright_from_stored),
        gap_(gap),
        weights_(generator::mouth_weights(clip.model)) {}

  FrameTask task(std::int64_t index, const media::VideoFrame& frame, bool follows) {
    const mesh::FaceParams& params = *clip_.face.frames[std::size_t(index)];
    generator::MouthView mouth =
        mouth_view(clip_.model, clip_.face, index, clip_.analysis.centre_seconds(index));
    take_crop(frame, upright_, mouth.picture_from_frame, generator::kMouthPicture, &scratch_, &mouth.picture);
    generator::ChoiceOptions far;
    far.exclude_from = clip_.analysis.seconds(index) - gap_;
    far.exclude_to = clip_.analysis.seconds(index) + gap_;
    FrameTask task{&params, 1.F, clip_.references.mouths->align(mouth, gap_), {}};
    if (!follows) lenders_.clear();
    lenders_ = generator::choose_lenders(clip_.references.entries, task.expression, weights_,
                                         mesh::head_angles(params.camera_from_head), lenders_, far);
    task.references = lenders_;
    return task;
  }

 private:
  const PaintedClip& clip_;
  core::Affine2 upright_;
  double gap_;
  Eigen::VectorXf weights_;
  std::vector<int> lenders_;  // of the frame before
  core::ImageU8 scratch_;
};

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
  PaintingFigures figures;
  std::vector<Account> accounts(painters.size());
  OwnMouths mouths(clip, scene.upright_from_stored, gap);
  Workspace work;
  std::int64_t index = 0, last = -2;
  for (auto next = frames.begin(); next != frames.end(); ++index) {
    std::optional<media::VideoFrame> frame = reader.read();
    if (!frame) break;
    if (index != *next) continue;
    ++next;
    const bool follows = index == last + 1;
    const FrameTask task = mouths.task(index, *frame, follows);
    if (task.references.empty()) continue;
    last = index;
    const FrameMeshes meshes = frame_meshes(scene, task);
    for (std::size_t i = 0; i < painters.size(); ++i) {
      scene.network = painters[i];
      scene.side = painters[i] != nullptr ? painters[i]->side() : kBaselineSide;
      media::VideoFrame copy = media::with_pts(*frame, frame->pts());  // painting must leave the source alone
      paint_frame(scene, task, &work, &copy, nullptr);
      if (!follows) accounts[i].flicker.restart();
      accounts[i].add(*frame, copy, work.patch, meshes, scene.upright_from_stored);
    }
    ++figures.frames;
  }
  for (const Account& account : accounts) figures.painters.push_back(account.mean(figures.frames));
  return figures;
}

}  // namespace resyncer::pipeline
