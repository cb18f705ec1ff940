#include "resyncer/generator/patch.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>

#include "generator/box_blur.h"
#include "generator/slots.h"

namespace resyncer::generator {

namespace {

constexpr float kNegligible = 0.004F;  // weight of a reference that is not worth its samples
constexpr float kDetailCm = 0.05F;     // what is smaller counts as detail: pores, stubble, edges of teeth
constexpr float kDetailShare = 1.05F;  // of it that is taken, at most
constexpr double kClearGain = 0.25;    // share of the Laplacian's energy from which it is

core::Box bounds(const std::vector<core::Point2>& polygon, int width, int height) {
  if (polygon.empty()) return {};
  core::Point2 low = polygon.front(), high = polygon.front();
  for (const auto& p : polygon) {
    low = low.cwiseMin(p);
    high = high.cwiseMax(p);
  }
  auto whole = [](float v, int limit) { return int(std::clamp(v, 0.F, float(limit))); };
  core::Box box{whole(std::floor(low.x()), width), whole(std::floor(low.y()), height),
                whole(std::ceil(high.x()), width), whole(std::ceil(high.y()), height)};
  return box.empty() ? core::Box{} : box;
}

void fit(core::ImageF* image, int width, int height, int channels) {
  image->width = width;
  image->height = height;
  image->channels = channels;
  image->data.resize(std::size_t(width) * std::size_t(height) * std::size_t(channels));
}

template <int kChannels>
Float4 load(const float* p) {
  if constexpr (kChannels == 3) return Float4{p[0], p[1], p[2], 0};
  Float4 v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

// Bilinear sample of an image of kChannels floats; the edge is repeated.
template <int kChannels>
Float4 bilinear(const core::ImageF& image, float x, float y) {
  x = std::min(float(image.width - 1), std::max(0.F, x - 0.5F));
  y = std::min(float(image.height - 1), std::max(0.F, y - 0.5F));
  const int x0 = std::min(int(x), image.width - 2), y0 = std::min(int(y), image.height - 2);
  const float u = x - float(x0), v = y - float(y0);
  const float* p = image.row(y0) + x0 * kChannels;
  const float* q = p + image.width * kChannels;
  const Float4 upper = load<kChannels>(p) * (1 - u) + load<kChannels>(p + kChannels) * u;
  const Float4 lower = load<kChannels>(q) * (1 - u) + load<kChannels>(q + kChannels) * u;
  return upper * (1 - v) + lower * v;
}

// A row of the patch between its first and last pixel that shows. Rows are independent of each other.
struct Row {
  int y = 0, begin = 0, end = 0;
};

Row visible_part(const core::ImageF& alpha, int y) {
  const float* a = alpha.row(y);
  Row row{y, 0, alpha.width};
  while (row.begin < row.end && a[row.begin] <= 0) ++row.begin;
  while (row.end > row.begin && a[row.end - 1] <= 0) --row.end;
  return row;
}

// Weights (4) and residual (4, the last 0) of every pixel of the row.
void read_painting(const PatchInput& input, const Row& row, core::Point2 origin,
                   std::vector<float>* painted) {
  painted->resize(std::size_t(row.end - row.begin) * 8);
  const core::Point2 first(origin.x() + float(row.begin) + 0.5F, origin.y() + float(row.y) + 0.5F);
  const core::Point2 start = input.crop_from_frame * first, step = input.crop_from_frame.linear().col(0);
  float* to = painted->data();
  for (int i = 0; i < row.end - row.begin; ++i, to += 8) {
    const float x = start.x() + float(i) * step.x(), y = start.y() + float(i) * step.y();
    const Float4 weights = bilinear<kReferences>(input.painting->weights, x, y);
    const Float4 residual = bilinear<3>(input.painting->residual, x, y);
    std::memcpy(to, &weights, sizeof weights);
    std::memcpy(to + 4, &residual, sizeof residual);
  }
}

void accumulate(const Float4& colour, float weight, float* sum) {
  const Float4 total = load<4>(sum) + weight * colour;
  std::memcpy(sum, &total, sizeof total);
}

// What the lenders of a slot have of its weight, for every pixel of the row: the first of them in the first
// `count` shares, and so on. As in the guidance, so that the blend is the one that the network was shown.
void share_slot(const Slot& slot, const Row& row, GuidanceScratch* scratch) {
  const auto count = std::size_t(row.end - row.begin);
  scratch->shares.assign(slot.lenders.size() * count, 1.F);
  if (slot.lenders.size() == 1) return;
  scratch->positions.resize(count * 2);
  scratch->validity.resize(count);
  std::vector<float>& sum = scratch->sums;
  sum.assign(count, 0.F);
  for (std::size_t k = 0; k < slot.lenders.size(); ++k) {
    const Lender& lender = slot.lenders[k];
    lender.warp.locate(row.y, row.begin, row.end, scratch->positions.data());
    lender.warp.judge(row.y, row.begin, row.end, scratch->positions.data(), scratch->validity.data());
    float* share = scratch->shares.data() + k * count;
    for (std::size_t i = 0; i < count; ++i) {
      share[i] = lender.trust * (scratch->validity[i] + kLeastShare);
      sum[i] += share[i];
    }
  }
  for (std::size_t k = 0; k < slot.lenders.size(); ++k) {
    float* share = scratch->shares.data() + k * count;
    for (std::size_t i = 0; i < count; ++i) share[i] /= sum[i];
  }
}

// Adds a lender's colours, weighted for the base (the first four of eight sums) and for the detail; the
// fourth component of each gathers the weights. `share`: of the slot's weight.
void add_lender(const ReferenceWarp& warp, const Row& row, std::size_t slot, const float* share,
                const float* alpha, GuidanceScratch* scratch) {
  const auto count = std::size_t(row.end - row.begin);
  scratch->positions.resize(count * 2);
  warp.locate(row.y, row.begin, row.end, scratch->positions.data());
  const float* position = scratch->positions.data();
  for (std::size_t i = 0; i < count; ++i, position += 2) {
    const float weight = scratch->painted[8 * i + slot] * share[i];
    if (weight < kNegligible || alpha[i] <= 0) continue;
    const Float4 colour = warp.colour(position[0], position[1]) + Float4{0, 0, 0, 1};
    accumulate(colour, weight, scratch->colours.data() + 8 * i);
    const float squared = weight * weight, fourth = squared * squared;
    accumulate(colour, fourth * fourth, scratch->colours.data() + 8 * i + 4);
  }
}

void add_slot(const Slot& slot, const Row& row, std::size_t number, const float* alpha,
              GuidanceScratch* scratch) {
  share_slot(slot, row, scratch);
  const auto count = std::size_t(row.end - row.begin);
  for (std::size_t k = 0; k < slot.lenders.size(); ++k)
    add_lender(slot.lenders[k].warp, row, number, scratch->shares.data() + k * count, alpha, scratch);
}

// The base, with the residual, into the patch; detail minus base into scratch->detail.
void paint_row(const PatchInput& input, const std::vector<Slot>& slots, const Row& row,
               GuidanceScratch* scratch, core::Patch* out) {
  const auto count = std::size_t(row.end - row.begin);
  const core::Point2 origin(float(out->roi.left), float(out->roi.top));
  const float* alpha = out->alpha.row(row.y) + row.begin;
  scratch->colours.assign(count * 8, 0.F);
  if (input.painting != nullptr) {
    read_painting(input, row, origin, &scratch->painted);
  } else {
    scratch->painted.assign(count * 8, 0.F);
    for (std::size_t i = 0; i < count; ++i) scratch->painted[8 * i] = 1;
  }
  for (std::size_t k = 0; k < slots.size(); ++k) add_slot(slots[k], row, k, alpha, scratch);
  float *rgb = out->rgb.row(row.y) + 3 * row.begin, *detail = scratch->detail.row(row.y) + 3 * row.begin;
  for (std::size_t i = 0; i < count; ++i, rgb += 3, detail += 3) {
    const float *sum = scratch->colours.data() + 8 * i, *residual = scratch->painted.data() + 8 * i + 4;
    const float base = sum[3] > 0 ? 1 / sum[3] : 0, sharp = sum[7] > 0 ? 1 / sum[7] : 0;
    for (int c = 0; c < 3; ++c) {
      rgb[c] = sum[c] * base + residual[c];
      detail[c] = kDetailShare * (sum[4 + c] * sharp - sum[c] * base);
    }
  }
}

int detail_reach(const PatchInput& input) {  // px of the frame
  const float crop_px_per_px = std::sqrt(std::abs(input.crop_from_frame.linear().determinant()));
  const float px_per_cm =
      float(input.painting->weights.width) / kCropWidthCm / std::max(crop_px_per_px, 1e-3F);
  return std::clamp(int(std::lround(kDetailCm * px_per_cm)), 1, 64);
}

// How much of the detail is worth taking, 0 to 1. Where the base has kept its own, because the references
// show the same, what one of them adds is its grain. Compares the Laplacians of the green channel with and
// without it, over the whole patch, so that nothing flickers.
float detail_need(const core::Patch& patch, const core::ImageF& detail) {
  double without = 0, with = 0;
  const std::ptrdiff_t stride = std::ptrdiff_t{3} * detail.width;
  for (int y = 1; y + 1 < detail.height; ++y) {
    const float *alpha = patch.alpha.row(y), *base = patch.rgb.row(y) + 1, *fine = detail.row(y) + 1;
    float row_without = 0, row_with = 0;
    for (int x = 1; x + 1 < detail.width; ++x) {
      if (alpha[x] < 1) continue;
      auto laplacian = [x, stride](const float* p) {
        p += std::ptrdiff_t{3} * x;
        return 4 * p[0] - p[-3] - p[3] - p[-stride] - p[stride];
      };
      const float a = laplacian(base), b = a + laplacian(fine);
      row_without += a * a;
      row_with += b * b;
    }
    without += double(row_without);
    with += double(row_with);
  }
  return with > 0 ? float(std::clamp((1 - without / with) / kClearGain, 0.0, 1.0)) : 0.F;
}

// Blends in two bands (Burt & Adelson 1983): what is coarse comes from the base, a mean of references whose
// noise and misfit cancel; what is fine from the references that weigh most, because a mean of pores, stubble
// and teeth is a blur.
void add_detail(int reach, GuidanceScratch* scratch, core::Patch* out) {
  core::ImageF& detail = scratch->detail;
  const float need = detail_need(*out, detail);
  for (float& value : detail.data) value *= need;
  float* rgb = out->rgb.data.data();
  for (std::size_t i = 0; i < detail.data.size(); ++i) rgb[i] += detail.data[i];
  box_blur(reach, &detail, &scratch->colours);
  for (std::size_t i = 0; i < detail.data.size(); ++i) rgb[i] -= detail.data[i];
}

}  // namespace

void make_patch(const mesh::FaceModel& model, const PatchInput& input, GuidanceScratch* scratch,
                core::Patch* out) {
  assert(input.references.size() == std::size_t(kReferences) ||
         input.references.size() == std::size_t(kLenders) ||
         (input.painting == nullptr && !input.references.empty()));
  out->roi = bounds(input.mask, input.frame_width, input.frame_height);
  const int width = out->roi.width(), height = out->roi.height();
  fit(&out->rgb, width, height, 3);
  fit(&out->alpha, width, height, 1);
  if (out->roi.empty()) return;
  std::fill(out->rgb.data.begin(), out->rgb.data.end(), 0.F);
  const core::Point2 origin(float(out->roi.left), float(out->roi.top));
  fill_mask(input.mask, origin, input.feather, &out->alpha);
  mesh::Vertices shifted = *input.target;
  shifted.col(0).array() -= origin.x();
  shifted.col(1).array() -= origin.y();
  mesh::rasterize(model, shifted, width, height, &scratch->raster);
  std::vector<const Reference*> references = input.references;
  if (input.painting == nullptr) references.resize(1);
  const std::vector<Slot> slots = make_slots(model, scratch->raster, shifted, references, input.trust);
  fit(&scratch->detail, width, height, 3);
  std::fill(scratch->detail.data.begin(), scratch->detail.data.end(), 0.F);
  for (int y = 0; y < height; ++y) paint_row(input, slots, visible_part(out->alpha, y), scratch, out);
  if (input.painting != nullptr) add_detail(detail_reach(input), scratch, out);
  for (float& value : out->rgb.data) value = std::clamp(value, 0.F, 1.F);
}

}  // namespace resyncer::generator
