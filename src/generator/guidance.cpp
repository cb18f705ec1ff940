#include "resyncer/generator/guidance.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstring>

#include "generator/reference_light.h"
#include "generator/registration.h"
#include "generator/slots.h"

namespace resyncer::generator {

namespace {

constexpr int kMargin = 12;  // px of references round the mask, so that the network can compare colours there
constexpr int kFirstReferencePlane = 6;

// Root mean square distance of the 68 landmarks of the mean neutral face from their middle, cm: what a face's
// size in px is measured with, in 3D, so that turning the head does not change it.
constexpr float kSpreadCm = 5.94F;

// Right-left pairs of landmarks far apart, and upper-lower ones: the face's axes.
constexpr int kAcross[][2] = {{16, 0}, {15, 1}, {14, 2}, {45, 36}, {42, 39}};
constexpr int kDown[][2] = {{8, 27}, {7, 39}, {9, 42}, {33, 27}};

Eigen::Vector3f point(const mesh::Vertices& v, int i) { return v.row(i).transpose(); }

// Roll of the head as seen: the turn within the picture that is left when the head's rotation is taken apart
// into one about the viewing direction and one about an axis in the picture.
float seen_roll(const mesh::Vertices& v) {
  Eigen::Vector3f across = Eigen::Vector3f::Zero(), down = Eigen::Vector3f::Zero();
  for (const auto& pair : kAcross) across += point(v, pair[0]) - point(v, pair[1]);
  for (const auto& pair : kDown) down += point(v, pair[0]) - point(v, pair[1]);
  across.normalize();
  down = (down - down.dot(across) * across).normalized();
  return std::atan2(across.y() - down.x(), across.x() + down.y());
}

float spread(const mesh::Vertices& v) {
  const Eigen::RowVector3f middle = v.topRows<68>().colwise().mean();
  return std::sqrt((v.topRows<68>().rowwise() - middle).squaredNorm() / 68);
}

// Bounding box of the mask with a margin.
core::Box extent(const core::ImageF& mask) {
  core::Box box{mask.width, mask.height, 0, 0};
  for (int y = 0; y < mask.height; ++y) {
    const float* row = mask.row(y);
    int first = 0, last = mask.width;
    while (first < last && row[first] <= 0) ++first;
    while (last > first && row[last - 1] <= 0) --last;
    if (first == last) continue;
    box = {std::min(box.left, first), std::min(box.top, y), std::max(box.right, last), y + 1};
  }
  if (box.empty()) return {};
  return core::intersect(core::grow(box, kMargin), {0, 0, mask.width, mask.height});
}

// The first six planes of a row; the others 0.
void write_frame(const mesh::FaceModel& model, const GuidanceInput& input, const GuidanceScratch& scratch,
                 int y, float* to) {
  const std::uint8_t* rgb = input.crop->row(y);
  const float *mask = input.mask->row(y), *shading = scratch.shading.row(y);
  const std::int32_t* owner = scratch.raster.triangle.row(y);
  for (int x = 0; x < input.crop->width; ++x, rgb += 3, to += kGuidancePlanes) {
    const float keep = (1 - mask[x]) / 255.F;
    for (int c = 0; c < 3; ++c) to[c] = keep * float(rgb[c]);
    to[3] = mask[x];
    to[4] = shading[x];
    to[5] = owner[x] >= 0 && model.regions[std::size_t(owner[x])] == mesh::Region::mouth ? 1.F : 0.F;
    std::fill(to + kFirstReferencePlane, to + kGuidancePlanes, 0.F);
  }
}

// Where a lender's pixels lie, and their validity, for the pixels [begin, end) of a row.
void locate(const ReferenceWarp& warp, int y, int begin, int end, GuidanceScratch* scratch) {
  const auto count = std::size_t(end - begin);
  scratch->positions.resize(2 * count);
  scratch->validity.resize(count);
  warp.locate(y, begin, end, scratch->positions.data());
  warp.judge(y, begin, end, scratch->positions.data(), scratch->validity.data());
}

// Four planes, R G B and validity, of the pixels [begin, end) of a row, from a slot's only lender.
void write_single(const ReferenceWarp& warp, int y, int begin, int end, GuidanceScratch* scratch, float* to) {
  locate(warp, y, begin, end, scratch);
  const float* position = scratch->positions.data();
  to += begin * kGuidancePlanes;
  for (const float validity : scratch->validity) {
    const Float4 pixel = warp.colour(position[0], position[1]) + Float4{0, 0, 0, validity};
    std::memcpy(to, &pixel, sizeof pixel);
    position += 2, to += kGuidancePlanes;
  }
}

// The same from the mean of several lenders: each weighs its trust times its validity.
void write_mean(const Slot& slot, int y, int begin, int end, GuidanceScratch* scratch, float* to) {
  const auto count = std::size_t(end - begin);
  scratch->colours.assign(4 * count, 0.F);
  scratch->shares.assign(count, 0.F);
  for (const Lender& lender : slot.lenders) {
    locate(lender.warp, y, begin, end, scratch);
    const float *position = scratch->positions.data(), *validity = scratch->validity.data();
    float* sum = scratch->colours.data();
    for (std::size_t i = 0; i < count; ++i, position += 2, sum += 4) {
      const float weight = lender.trust * validity[i], share = weight + kLeastShare * lender.trust;
      Float4 total;
      std::memcpy(&total, sum, sizeof total);
      total += share * lender.warp.colour(position[0], position[1]) + Float4{0, 0, 0, weight};
      std::memcpy(sum, &total, sizeof total);
      scratch->shares[i] += share;
    }
  }
  to += begin * kGuidancePlanes;
  const float* sum = scratch->colours.data();
  for (std::size_t i = 0; i < count; ++i, sum += 4, to += kGuidancePlanes) {
    for (int c = 0; c < 3; ++c) to[c] = sum[c] / scratch->shares[i];
    to[3] = sum[3] / slot.trust;
  }
}

void write_slot(const Slot& slot, int y, int begin, int end, GuidanceScratch* scratch, float* to) {
  if (slot.lenders.size() == 1)
    write_single(slot.lenders.front().warp, y, begin, end, scratch, to);
  else
    write_mean(slot, y, begin, end, scratch, to);
}

void scale_validity(const core::Box& box, int slot, float trust, Guidance* guidance) {
  for (int y = box.top; y < box.bottom; ++y) {
    float* pixel = guidance->planes.row(y) + box.left * kGuidancePlanes + kFirstReferencePlane + 4 * slot;
    for (int x = box.left; x < box.right; ++x, pixel += kGuidancePlanes) pixel[3] *= trust;
  }
}

}  // namespace

core::Affine2 crop_from_frame(const mesh::Vertices& v, int side) {
  const float px_per_cm = std::max(1e-3F, spread(v) / kSpreadCm);
  const core::Point2 middle = 0.5F * (point(v, 33) + point(v, 8)).head<2>();
  core::Affine2 map = core::Affine2::Identity();
  map.translate(core::Point2(float(side) / 2, float(side) / 2))
      .scale(float(side) / (kCropWidthCm * px_per_cm))
      .rotate(-seen_roll(v))
      .translate(-middle);
  return map;
}

mesh::Vertices transform(const mesh::Vertices& vertices, const core::Affine2& map) {
  mesh::Vertices out(vertices.rows(), 3);
  const float scale = std::sqrt(std::abs(map.linear().determinant()));
  out.leftCols<2>() =
      (vertices.leftCols<2>() * map.linear().transpose()).rowwise() + map.translation().transpose();
  out.col(2) = vertices.col(2) * scale;
  return out;
}

void build_guidance(const mesh::FaceModel& model, const GuidanceInput& input, GuidanceScratch* scratch,
                    Guidance* out) {
  const int side = input.crop->width;
  assert(input.references.size() == std::size_t(kReferences) ||
         input.references.size() == std::size_t(kLenders));
  assert(input.trust.empty() || input.trust.size() == input.references.size());
  assert(input.crop->height == side && input.mask->width == side && input.mask->height == side);
  if (out->side != side) {
    out->side = side;
    out->planes = core::ImageF(side, side, kGuidancePlanes);
  }
  out->doubt = input.doubt;
  mesh::rasterize(model, *input.target, side, side, &scratch->raster);
  mesh::shade(model, *input.target, scratch->raster, &scratch->shading);
  const std::vector<Slot> slots =
      make_slots(model, scratch->raster, *input.target, input.references, input.trust);
  const core::Box box = extent(*input.mask);
  for (int y = 0; y < side; ++y) {  // row by row, so that a row's planes stay in the cache
    float* row = out->planes.row(y);
    write_frame(model, input, *scratch, y, row);
    if (y < box.top || y >= box.bottom) continue;
    for (std::size_t i = 0; i < slots.size(); ++i)
      write_slot(slots[i], y, box.left, box.right, scratch, row + kFirstReferencePlane + 4 * int(i));
  }
  match_light(box, scratch, out);
  for (std::size_t i = 0; i < slots.size(); ++i) scale_validity(box, int(i), slots[i].trust, out);
  out->offset = misplacement(*out);
}

}  // namespace resyncer::generator
