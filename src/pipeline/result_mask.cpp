#include "pipeline/result_mask.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "resyncer/core/error.h"
#include "resyncer/eval/seam_metrics.h"

namespace resyncer::pipeline {

namespace {

constexpr float kSpareCm = 0.5F;
constexpr int kChromaReach = 2;  // luma px that a chroma sample stands for beyond the mask
constexpr int kSide = 256;       // px of the crop that centimetres are measured by

core::Box frame_box(int width, int height) { return {0, 0, width, height}; }

core::Box bounds(const std::vector<core::Point2>& polygon) {
  Eigen::Array2f low(1e6F, 1e6F), high(-1e6F, -1e6F);
  for (const core::Point2& p : polygon) low = low.min(p.array()), high = high.max(p.array());
  low = low.max(-1e6F).min(1e6F), high = high.max(-1e6F).min(1e6F);
  return {int(std::floor(low.x())), int(std::floor(low.y())), int(std::ceil(high.x())),
          int(std::ceil(high.y()))};
}

core::Box bounds(const core::ImageU8& touched) {
  core::Box box{touched.width, touched.height, 0, 0};
  for (int y = 0; y < touched.height; ++y)
    for (int x = 0; x < touched.width; ++x)
      if (touched.at(x, y) != 0)
        box = {std::min(box.left, x), std::min(box.top, y), std::max(box.right, x + 1),
               std::max(box.bottom, y + 1)};
  return box;
}

// Sets what is within `reach` px of a pixel where alpha is not 0.
void mark_touched(const FrameMask& mask, int reach, core::ImageU8* touched) {
  cv::Mat marked(mask.alpha.height, mask.alpha.width, CV_8UC1);
  for (int y = 0; y < marked.rows; ++y)
    for (int x = 0; x < marked.cols; ++x) marked.at<std::uint8_t>(y, x) = mask.alpha.at(x, y) > 0 ? 255 : 0;
  const cv::Size square(2 * reach + 1, 2 * reach + 1);
  cv::dilate(marked, marked, cv::getStructuringElement(cv::MORPH_RECT, square));
  for (int y = 0; y < marked.rows; ++y)
    std::copy_n(marked.ptr(y), marked.cols, touched->row(mask.roi.top + y) + mask.roi.left);
}

}  // namespace

void clear_mask(int width, int height, FrameMask* mask) {
  mask->roi = {};
  mask->alpha = {};
  mask->touched.width = width, mask->touched.height = height, mask->touched.channels = 1;
  mask->touched.data.assign(std::size_t(width) * std::size_t(height), 0);
}

void take_mask(const media::VideoFrame& picture, const std::filesystem::path& path, int width, int height,
               FrameMask* mask) {
  const media::PixelLayout& layout = picture.layout();
  if (layout.components != 1 || layout.bit_depth != 8 || layout.width != width || layout.height != height)
    throw core::Error(core::ErrorKind::input, "is no gray video of the result's size", path.string(),
                      "name what render --mask-out wrote");
  clear_mask(width, height, mask);
  const media::Plane plane = picture.planes()[0];
  for (int y = 0; y < height; ++y)
    std::copy_n(reinterpret_cast<const std::uint8_t*>(plane.data + y * plane.stride), width,
                mask->touched.row(y));
  const core::Box box = bounds(mask->touched);
  if (box.empty()) return;
  mask->roi = core::intersect(core::grow(box, eval::seam_reach(box.width())), frame_box(width, height));
  mask->alpha = core::ImageF(mask->roi.width(), mask->roi.height(), 1);
  for (int y = 0; y < mask->alpha.height; ++y)
    for (int x = 0; x < mask->alpha.width; ++x)
      mask->alpha.at(x, y) = float(mask->touched.at(mask->roi.left + x, mask->roi.top + y)) / 255.F;
}

void rebuild_mask(const FrameMeshes& meshes, const core::Affine2& upright_from_stored, int width, int height,
                  FrameMask* mask) {
  clear_mask(width, height, mask);
  const core::Affine2 stored_from_upright = upright_from_stored.inverse();
  auto stored = [&](const mesh::Vertices& v) { return generator::transform(v, stored_from_upright); };
  const auto polygon =
      generator::mask_polygon(stored(meshes.neutral), stored(meshes.source), stored(meshes.target));
  if (polygon.empty()) return;
  const float cm = px_of_cm(generator::crop_from_frame(meshes.neutral, kSide) * upright_from_stored, kSide);
  const int spare = int(std::ceil(kSpareCm * cm)) + kChromaReach;
  const core::Box box = bounds(polygon);
  mask->roi = core::intersect(core::grow(box, std::max(spare, eval::seam_reach(box.width()))),
                              frame_box(width, height));
  if (mask->roi.empty()) return;
  mask->alpha = core::ImageF(mask->roi.width(), mask->roi.height(), 1);
  generator::fill_mask(polygon, core::Point2(float(mask->roi.left), float(mask->roi.top)), kFeatherCm * cm,
                       &mask->alpha);
  mark_touched(*mask, spare, &mask->touched);
}

}  // namespace resyncer::pipeline
