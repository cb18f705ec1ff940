#include "pipeline/flicker.h"

#include <cmath>

#include "resyncer/eval/temporal_metrics.h"
#include "resyncer/pipeline/reference_bank.h"

namespace resyncer::pipeline {

namespace {

constexpr int kSide = 256;           // px of the window
constexpr float kLipGrowth = 1.25F;  // about their centre: their edge moves too
constexpr int kFirstLip = 48, kOuterLips = 12;

core::ImageF unit_range(const core::ImageU8& image) {
  core::ImageF out(image.width, image.height, image.channels);
  for (std::size_t i = 0; i < image.data.size(); ++i) out.data[i] = float(image.data[i]) / 255.F;
  return out;
}

// Sets the pixels inside the outer lips.
void add_lips(const mesh::Vertices& in_window, core::ImageF* mouth) {
  std::vector<core::Point2> outline;
  core::Point2 centre(0, 0);
  for (int i = 0; i < kOuterLips; ++i) {
    outline.emplace_back(in_window.row(kFirstLip + i).head<2>().transpose());
    centre += outline.back() / float(kOuterLips);
  }
  for (core::Point2& p : outline) p = centre + kLipGrowth * (p - centre);
  core::ImageF filled(kSide, kSide, 1);
  generator::fill_mask(outline, core::Point2(0, 0), 0, &filled);
  for (std::size_t i = 0; i < filled.data.size(); ++i)
    mouth->data[i] = std::max(mouth->data[i], filled.data[i]);
}

// 1 where the mask is more than half, seen through the window.
core::ImageF mask_in_window(const FrameMask& mask, const core::Affine2& stored_from_window) {
  core::ImageF out(kSide, kSide, 1);
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x) {
      const core::Point2 p = stored_from_window * core::Point2(float(x) + 0.5F, float(y) + 0.5F);
      if (!mask.roi.contains(p)) continue;
      const int u = int(std::floor(p.x())) - mask.roi.left, v = int(std::floor(p.y())) - mask.roi.top;
      out.at(x, y) = mask.alpha.at(u, v) > 0.5F ? 1.F : 0.F;
    }
  return out;
}

}  // namespace

std::optional<FlickerEnergies> FlickerMeter::push(const media::VideoFrame& result,
                                                  const media::VideoFrame& reference,
                                                  const core::Affine2& upright_from_stored,
                                                  const FrameMeshes& meshes, const FrameMask& mask) {
  const core::Affine2 window_from_upright = generator::crop_from_frame(meshes.neutral, kSide);
  auto through_window = [&](const media::VideoFrame& frame) {
    take_crop(frame, upright_from_stored, window_from_upright, kSide, &scratch_, &crop_);
    return unit_range(crop_);
  };
  View view{through_window(result), through_window(reference), {}, core::ImageF(kSide, kSide, 1)};
  view.skin = mask_in_window(mask, upright_from_stored.inverse() * window_from_upright.inverse());
  add_lips(generator::transform(meshes.source, window_from_upright), &view.mouth);
  add_lips(generator::transform(meshes.target, window_from_upright), &view.mouth);
  for (std::size_t i = 0; i < view.skin.data.size(); ++i) {
    view.mouth.data[i] *= view.skin.data[i];
    view.skin.data[i] -= view.mouth.data[i];
  }
  views_.push_back(std::move(view));
  if (views_.size() > 3) views_.pop_front();
  if (views_.size() < 3) return std::nullopt;
  const View &a = views_[0], &b = views_[1], &c = views_[2];
  return FlickerEnergies{eval::high_pass_energy(a.result, b.result, c.result, b.skin),
                         eval::high_pass_energy(a.reference, b.reference, c.reference, b.skin),
                         eval::high_pass_energy(a.result, b.result, c.result, b.mouth),
                         eval::high_pass_energy(a.reference, b.reference, c.reference, b.mouth)};
}

}  // namespace resyncer::pipeline
