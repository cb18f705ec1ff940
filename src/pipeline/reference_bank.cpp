#include "resyncer/pipeline/reference_bank.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace resyncer::pipeline {

namespace {

using core::Landmarks;
using core::Point2;

float distance(const FaceShape& a, const FaceShape& b) {
  float sum = 0;
  for (int i = 0; i < kShapeSize; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(sum);
}

// Size of a face in outer-eye distances that does not shrink when the head turns: the bridge of the nose
// is 1.33 of them above the chin.
float face_unit(const Landmarks& p) {
  return std::max(core::inter_ocular_distance(p), 0.75F * (p[27] - p[8]).norm());
}

core::Box crop_box(const Landmarks& p, float reach) {
  Point2 centre = 0.25F * (p[48] + p[54] + p[51] + p[57]);
  float half = reach * face_unit(p);
  return {int(std::floor(centre.x() - half)), int(std::floor(centre.y() - half)),
          int(std::ceil(centre.x() + half)), int(std::ceil(centre.y() + half))};
}

// Sharper by a margin, so that an entry is replaced a few times at most.
constexpr float kClearlySharper = 1.25F;
// A face not seen for so long is another one: its box says nothing any more.
constexpr std::int64_t kForgetAfter = 25;

}  // namespace

FaceShape face_shape(const Landmarks& p) {
  float unit = face_unit(p);
  FaceShape shape{};
  if (!(unit > 0)) return shape;
  Point2 eyes = 0.5F * (p[36] + p[45]);
  Point2 across = p[45] - p[36];
  float roll = std::atan2(across.y(), across.x());
  Point2 x(std::cos(roll), std::sin(roll)), y(-x.y(), x.x());
  auto upright = [&](const Point2& q) { return Point2((q - eyes).dot(x) / unit, (q - eyes).dot(y) / unit); };
  Point2 left = upright(p[48]), right = upright(p[54]), nose = upright(p[30]);
  constexpr float kCorner = 0.5F, kPose = 0.7F, kRoll = 0.2F;
  shape = {(p[62] - p[66]).norm() / unit,
           (p[51] - p[57]).norm() / unit,
           (p[48] - p[54]).norm() / unit,
           kCorner * left.x(),
           kCorner * left.y(),
           kCorner * right.x(),
           kCorner * right.y(),
           kPose * nose.x(),
           kPose * nose.y(),
           kRoll * roll};
  return shape;
}

float mouth_sharpness(const core::ImageU8& image, const Landmarks& p) {
  float left = p[48].x(), right = left, top = p[48].y(), bottom = top;
  for (int i = 49; i < 60; ++i) {
    left = std::min(left, p[i].x()), right = std::max(right, p[i].x());
    top = std::min(top, p[i].y()), bottom = std::max(bottom, p[i].y());
  }
  float margin = 0.5F * (right - left);
  if (!std::isfinite(left + right + top + bottom)) return 0;
  auto clamp = [](float v, int size) { return std::clamp(int(v), 1, std::max(1, size - 1)); };
  int x0 = clamp(left - margin, image.width), x1 = clamp(right + margin, image.width);
  int y0 = clamp(top - margin, image.height), y1 = clamp(bottom + margin, image.height);
  if (x1 - x0 < 2 || y1 - y0 < 2) return 0;
  // Green stands for brightness in colour pictures.
  int channel = image.channels == 3 ? 1 : 0, step = image.channels;
  double sum = 0, squares = 0;
  for (int y = y0; y < y1; ++y) {
    const std::uint8_t *above = image.row(y - 1) + channel, *row = image.row(y) + channel,
                       *below = image.row(y + 1) + channel;
    int line = 0;
    long line_squares = 0;
    for (int x = x0; x < x1; ++x) {
      int value =
          4 * row[x * step] - row[(x - 1) * step] - row[(x + 1) * step] - above[x * step] - below[x * step];
      line += value;
      line_squares += value * value;
    }
    sum += line;
    squares += double(line_squares);
  }
  double count = double(x1 - x0) * (y1 - y0), mean = sum / count;
  return float((squares / count - mean * mean) / (255. * 255.));
}

namespace {
// One bilinear sample of the three channels, added to `sum`; the edge is repeated.
inline void add_sample(const core::ImageU8& source, float x, float y, float* sum) {
  int max_x = source.width - 1, max_y = source.height - 1;
  x = std::clamp(x, 0.F, float(max_x)), y = std::clamp(y, 0.F, float(max_y));
  int xi = int(x), yi = int(y);
  float fx = x - float(xi), fy = y - float(yi);
  const std::uint8_t* upper = source.row(yi) + 3 * xi;
  const std::uint8_t* lower = source.row(std::min(yi + 1, max_y)) + 3 * xi;
  int next = xi < max_x ? 3 : 0;
  for (int c = 0; c < 3; ++c) {
    float top = float(upper[c]) + fx * float(upper[c + next] - upper[c]);
    float bottom = float(lower[c]) + fx * float(lower[c + next] - lower[c]);
    sum[c] += top + fy * (bottom - top);
  }
}
}  // namespace

void resample(const core::ImageU8& source, const core::Affine2& out_from_source, int width, int height,
              core::ImageU8* out) {
  assert(source.channels == 3 && !source.empty());
  if (out->width != width || out->height != height || out->channels != 3)
    *out = core::ImageU8(width, height, 3);
  core::Affine2 back = out_from_source.inverse();
  Point2 dx = back.linear().col(0), dy = back.linear().col(1);
  float step = std::sqrt(std::abs(back.linear().determinant()));  // source px an output px
  int side = std::clamp(int(std::ceil(step - 0.01F)), 1, 64);     // samples a side of an output pixel
  std::vector<Point2> offsets;  // of the samples from the output pixel's corner, to sample centres
  for (int j = 0; j < side; ++j)
    for (int i = 0; i < side; ++i)
      offsets.push_back((float(i) + 0.5F) / float(side) * dx + (float(j) + 0.5F) / float(side) * dy -
                        Point2(0.5F, 0.5F));
  float norm = 1.F / float(offsets.size());
  for (int v = 0; v < height; ++v) {
    std::uint8_t* target = out->row(v);
    for (int u = 0; u < width; ++u, target += 3) {
      Point2 corner = back.translation() + float(u) * dx + float(v) * dy;
      float sum[3] = {0, 0, 0};
      for (const Point2& offset : offsets)
        add_sample(source, corner.x() + offset.x(), corner.y() + offset.y(), sum);
      for (int c = 0; c < 3; ++c) target[c] = std::uint8_t(sum[c] * norm + 0.5F);
    }
  }
}

void take_crop(const media::VideoFrame& frame, const core::Affine2& upright_from_stored,
               const core::Affine2& crop_from_frame, int side, core::ImageU8* scratch, core::ImageU8* out) {
  core::Affine2 frame_from_crop = crop_from_frame.inverse();
  Eigen::Array2f low = frame_from_crop * Point2(0, 0), high = low;
  for (const Point2& corner : {Point2(side, 0), Point2(0, side), Point2(side, side)}) {
    Eigen::Array2f p = frame_from_crop * corner;
    low = low.min(p), high = high.max(p);
  }
  core::Box roi{int(std::floor(low.x())) - 1, int(std::floor(low.y())) - 1, int(std::ceil(high.x())) + 1,
                int(std::ceil(high.y())) + 1};
  media::crop_rgb(frame, upright_from_stored, roi, scratch);
  core::Affine2 crop_from_scratch = crop_from_frame * Eigen::Translation2f(float(roi.left), float(roi.top));
  resample(*scratch, crop_from_scratch, side, side, out);
}

ReferenceBank::Face* ReferenceBank::follow(std::int64_t frame, const core::FaceObservation& seen) {
  Face* best = nullptr;
  float best_overlap = 0.3F;
  for (Face& face : faces_) {
    float shared = core::overlap(face.last, seen.box);
    if (frame - face.last_frame <= kForgetAfter && face.last_frame < frame && shared > best_overlap) {
      best = &face;
      best_overlap = shared;
    }
  }
  if (best == nullptr) {
    faces_.emplace_back();
    best = &faces_.back();
    best->tau = options_.first_tau;
  }
  best->last = seen.box;
  best->last_frame = frame;
  best->weight += double(seen.box.width()) * seen.box.height();
  return best;
}

// Of entries nearer to each other than tau only the sharpest stays.
void ReferenceBank::thin(Face* face) {
  face->tau *= 1.25F;
  auto& entries = face->entries;
  std::stable_sort(entries.begin(), entries.end(),
                   [](const Entry& a, const Entry& b) { return a.picture.sharpness > b.picture.sharpness; });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    bool near = false;
    for (std::size_t k = 0; k < kept && !near; ++k)
      near = distance(entries[k].shape, entries[i].shape) < face->tau;
    if (near) continue;
    if (kept != i) entries[kept] = std::move(entries[i]);
    ++kept;
  }
  entries.resize(kept);
}

std::size_t ReferenceBank::total() const {
  std::size_t sum = 0;
  for (const Face& face : faces_) sum += face.entries.size() + face.spares.size();
  return sum;
}

// One more entry must fit into the whole bank: spares go first; then the fullest face is thinned; when all
// have one entry, the least seen goes.
void ReferenceBank::make_room(const Face* wanted) {
  if (total() + 1 > std::size_t(options_.entries))
    for (Face& face : faces_) face.spares.clear();
  while (total() + 1 > std::size_t(options_.entries)) {
    Face *fullest = &faces_.front(), *least = nullptr;
    for (Face& face : faces_) {
      if (face.entries.size() > fullest->entries.size()) fullest = &face;
      bool removable = &face != wanted && !face.entries.empty();
      if (removable && (least == nullptr || face.weight < least->weight)) least = &face;
    }
    if (fullest->entries.size() > 1 || least == nullptr)
      thin(fullest);
    else
      least->entries.clear();
  }
}

// Where this frame goes as a spare; null: nowhere. The spares are even in time: when they are full, every
// other one goes, and from then on half as many come.
ReferenceBank::Entry* ReferenceBank::room_for_spare(Face* face, std::int64_t frame) {
  const auto enough = std::size_t(options_.enough);
  if (face->entries.size() >= enough || frame - face->last_spare < face->stride) return nullptr;
  if (face->spares.size() >= enough) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < face->spares.size(); i += 2) std::swap(face->spares[kept++], face->spares[i]);
    face->spares.resize(kept);
    face->stride *= 2;
    if (frame - face->last_spare < face->stride) return nullptr;
  }
  if (total() + 1 > std::size_t(options_.entries)) return nullptr;
  face->last_spare = frame;
  return &face->spares.emplace_back();
}

void ReferenceBank::take(std::int64_t frame, const media::VideoFrame& picture,
                         const core::Affine2& upright_from_stored, const core::FaceObservation& seen,
                         const FaceShape& shape, float sharpness, Entry* entry) {
  const core::Box box = crop_box(seen.landmarks, options_.reach);
  entry->shape = shape;
  BankFrame& to = entry->picture;
  to.frame = frame;
  to.landmarks = seen.landmarks;
  to.sharpness = sharpness;
  to.origin = Point2(float(box.left), float(box.top));
  to.scale = std::min(1.F, float(options_.max_side) / float(box.width()));
  if (to.scale < 1) {
    media::crop_rgb(picture, upright_from_stored, box, &crop_);
    core::Affine2 reduce(Eigen::Scaling(to.scale));
    resample(crop_, reduce, options_.max_side, options_.max_side, &to.image);
  } else {
    media::crop_rgb(picture, upright_from_stored, box, &to.image);
  }
}

void ReferenceBank::push(std::int64_t frame, const media::VideoFrame& picture,
                         const core::Affine2& upright_from_stored, const core::ImageU8& gray, float scale,
                         const std::vector<core::FaceObservation>& seen) {
  for (const core::FaceObservation& observation : seen) {
    Landmarks reduced = observation.landmarks;
    for (Point2& p : reduced) p *= scale;
    FaceShape shape = face_shape(observation.landmarks);
    float sharpness = mouth_sharpness(gray, reduced);
    core::Box box = crop_box(observation.landmarks, options_.reach);
    bool finite = std::all_of(shape.begin(), shape.end(), [](float v) { return std::isfinite(v); });
    if (!finite || box.width() < 16 || box.width() > 16384) continue;

    Face* face = follow(frame, observation);
    Entry* nearest = nullptr;
    float nearest_distance = face->tau;
    for (Entry& entry : face->entries) {
      float d = distance(entry.shape, shape);
      if (d < nearest_distance) nearest = &entry, nearest_distance = d;
    }
    if (nearest != nullptr &&
        (nearest_distance > 0.5F * face->tau || sharpness < kClearlySharper * nearest->picture.sharpness)) {
      if (Entry* spare = room_for_spare(face, frame))
        take(frame, picture, upright_from_stored, observation, shape, sharpness, spare);
      continue;
    }
    if (nearest == nullptr) {
      while (face->entries.size() >= std::size_t(options_.entries_per_face)) thin(face);
      make_room(face);
      face->entries.emplace_back();
      nearest = &face->entries.back();
      if (face->entries.size() >= std::size_t(options_.enough)) face->spares.clear();
    }
    take(frame, picture, upright_from_stored, observation, shape, sharpness, nearest);
  }
  // Faces of long ago without an entry would only make the list grow.
  faces_.erase(std::remove_if(faces_.begin(), faces_.end(),
                              [&](const Face& f) {
                                return f.entries.empty() && f.spares.empty() &&
                                       frame - f.last_frame > kForgetAfter;
                              }),
               faces_.end());
}

std::vector<BankFrame> ReferenceBank::finish() {
  std::vector<BankFrame> out;
  for (Face& face : faces_) {
    for (Entry& entry : face.entries) out.push_back(std::move(entry.picture));
    for (Entry& entry : face.spares) out.push_back(std::move(entry.picture));
  }
  faces_.clear();
  std::stable_sort(out.begin(), out.end(),
                   [](const BankFrame& a, const BankFrame& b) { return a.frame < b.frame; });
  return out;
}

}  // namespace resyncer::pipeline
