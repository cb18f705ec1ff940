#include "resyncer/generator/patch.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "generator/reference_warp.h"

namespace resyncer::generator {

namespace {

constexpr float kNegligible = 0.004F;  // weight of a reference that is not worth its samples

// Catmull-Rom: keeps the source's sharpness where bilinear sampling would halve it.
std::array<float, 4> cubic(float t) {
  const float t2 = t * t, t3 = t2 * t;
  return {0.5F * (-t3 + 2 * t2 - t), 0.5F * (3 * t3 - 5 * t2 + 2), 0.5F * (-3 * t3 + 4 * t2 + t),
          0.5F * (t3 - t2)};
}

// Adds weight * colour [0, 1]; the edge is repeated.
void add_sample(const core::ImageU8& image, core::Point2 p, float weight, float* rgb) {
  const float x = std::clamp(p.x() - 0.5F, 0.F, float(image.width - 1));
  const float y = std::clamp(p.y() - 0.5F, 0.F, float(image.height - 1));
  const int x0 = int(x), y0 = int(y);
  const std::array<float, 4> across = cubic(x - float(x0)), down = cubic(y - float(y0));
  std::array<int, 4> columns{};
  for (int i = 0; i < 4; ++i) columns[std::size_t(i)] = 3 * std::clamp(x0 + i - 1, 0, image.width - 1);
  float sum[3] = {0, 0, 0};
  for (int j = 0; j < 4; ++j) {
    const std::uint8_t* row = image.row(std::clamp(y0 + j - 1, 0, image.height - 1));
    float line[3] = {0, 0, 0};
    for (std::size_t i = 0; i < 4; ++i)
      for (int c = 0; c < 3; ++c) line[c] += across[i] * float(row[columns[i] + c]);
    for (int c = 0; c < 3; ++c) sum[c] += down[std::size_t(j)] * line[c];
  }
  for (int c = 0; c < 3; ++c) rgb[c] += weight / 255 * std::clamp(sum[c], 0.F, 255.F);
}

// Bilinear samples of the painting's weights and residual at a point of the crop.
struct PaintingSample {
  float weights[kReferences];
  float residual[3];
};
PaintingSample read(const Painting& painting, core::Point2 p) {
  const int side = painting.weights.width;
  const float x = std::clamp(p.x() - 0.5F, 0.F, float(side - 1)),
              y = std::clamp(p.y() - 0.5F, 0.F, float(side - 1));
  const int x0 = std::min(int(x), side - 2), y0 = std::min(int(y), side - 2);
  const float u = x - float(x0), v = y - float(y0);
  const float a = (1 - u) * (1 - v), b = u * (1 - v), c = (1 - u) * v, d = u * v;
  auto mixed = [&](const core::ImageF& image, int k) {
    return a * image.at(x0, y0, k) + b * image.at(x0 + 1, y0, k) + c * image.at(x0, y0 + 1, k) +
           d * image.at(x0 + 1, y0 + 1, k);
  };
  PaintingSample out{};
  for (int k = 0; k < kReferences; ++k) out.weights[k] = mixed(painting.weights, k);
  for (int k = 0; k < 3; ++k) out.residual[k] = mixed(painting.residual, k);
  return out;
}

core::Box bounds(const std::vector<core::Point2>& polygon, int width, int height) {
  core::Point2 low = polygon.front(), high = polygon.front();
  for (const auto& p : polygon) {
    low = low.cwiseMin(p);
    high = high.cwiseMax(p);
  }
  auto whole = [](float v, int limit) { return int(std::clamp(v, 0.F, float(limit))); };
  return {whole(std::floor(low.x()), width), whole(std::floor(low.y()), height),
          whole(std::ceil(high.x()) + 1, width), whole(std::ceil(high.y()) + 1, height)};
}

void fit(core::ImageF* image, int width, int height, int channels) {
  if (image->width == width && image->height == height && image->channels == channels) return;
  image->width = width;
  image->height = height;
  image->channels = channels;
  image->data.resize(std::size_t(width) * std::size_t(height) * std::size_t(channels));
}

void paint_row(const PatchInput& input, const std::vector<ReferenceWarp>& warps, int y, core::Patch* out) {
  const float* alpha = out->alpha.row(y);
  for (int x = 0; x < out->alpha.width; ++x) {
    float* rgb = out->rgb.row(y) + 3 * x;
    rgb[0] = rgb[1] = rgb[2] = 0;
    if (alpha[x] <= 0) continue;
    if (input.painting == nullptr) {
      add_sample(input.references[0]->image, warps[0](x, y), 1.F, rgb);
      continue;
    }
    const core::Point2 frame(float(out->roi.left + x) + 0.5F, float(out->roi.top + y) + 0.5F);
    const PaintingSample painted = read(*input.painting, input.crop_from_frame * frame);
    float used = 0;
    for (int k = 0; k < kReferences; ++k) {
      if (painted.weights[k] < kNegligible) continue;
      used += painted.weights[k];
      add_sample(input.references[std::size_t(k)]->image, warps[std::size_t(k)](x, y), painted.weights[k],
                 rgb);
    }
    for (int c = 0; c < 3; ++c)
      rgb[c] = std::clamp((used > 0 ? rgb[c] / used : 0.F) + painted.residual[c], 0.F, 1.F);
  }
}

}  // namespace

void make_patch(const mesh::FaceModel& model, const PatchInput& input, GuidanceScratch* scratch,
                core::Patch* out) {
  out->roi = bounds(input.mask, input.frame_width, input.frame_height);
  const int width = std::max(0, out->roi.width()), height = std::max(0, out->roi.height());
  fit(&out->rgb, width, height, 3);
  fit(&out->alpha, width, height, 1);
  if (out->roi.empty()) return;
  const core::Point2 origin(float(out->roi.left), float(out->roi.top));
  fill_mask(input.mask, origin, input.feather, &out->alpha);
  mesh::Vertices shifted = *input.target;
  shifted.col(0).array() -= origin.x();
  shifted.col(1).array() -= origin.y();
  mesh::rasterize(model, shifted, width, height, &scratch->raster);
  std::vector<ReferenceWarp> warps;
  warps.reserve(input.references.size());
  for (const Reference* reference : input.references)
    warps.emplace_back(model, scratch->raster, shifted, *reference);
  for (int y = 0; y < height; ++y) paint_row(input, warps, y, out);
}

}  // namespace resyncer::generator
