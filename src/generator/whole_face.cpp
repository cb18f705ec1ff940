#include "resyncer/generator/whole_face.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "generator/box_blur.h"
#include "generator/convex_hull.h"

namespace resyncer::generator {

namespace {

using core::Point2;

// Control vertices of the forehead, some 2 cm above the brows, from temple to temple (mesh/cage.cpp).
constexpr int kForehead[] = {93, 95, 97, 86, 98, 96, 94};
constexpr int kUpperForehead[] = {85, 91, 92};
constexpr int kTemples[] = {99, 100};
constexpr int kSkirt = 68, kSkirtEnd = 85;
constexpr float kJawCm = 13.1F;                      // landmark 3 to 13 in 3D
constexpr float kStrandsCm = 0.5F, kJoinCm = 0.25F;  // of hair: how far it reaches unseen; soft edge
constexpr float kInsideCm = 0.35F;                   // from the outline to the mask's edge

// How far a control vertex belongs to the outline, which is the own face's: 1 there, 0 in the features.
Eigen::VectorXf outline_share(const mesh::FaceModel& model) {
  Eigen::VectorXf share = Eigen::VectorXf::Zero(model.control_count());
  std::vector<bool> fixed(std::size_t(model.control_count()), false);
  auto fix = [&](int i, float value) {
    share[i] = value;
    fixed[std::size_t(i)] = true;
  };
  for (int i = 0; i <= 16; ++i) fix(i, 1);
  for (int i = kSkirt; i < kSkirtEnd; ++i) fix(i, 1);
  for (int i : kUpperForehead) fix(i, 1);
  for (int i : kForehead) fix(i, 0.7F);
  for (int i : kTemples) fix(i, 1);
  for (int i = 17; i < 68; ++i) fix(i, 0);
  // Between them as smooth as a membrane on the cage is.
  Eigen::SparseMatrix<float> edges(model.control_count(), model.control_count());
  std::vector<Eigen::Triplet<float>> links;
  for (const mesh::Triangle& t : model.cage)
    for (int k = 0; k < 3; ++k) {
      links.emplace_back(t[k], t[(k + 1) % 3], 1.F);
      links.emplace_back(t[(k + 1) % 3], t[k], 1.F);
    }
  edges.setFromTriplets(links.begin(), links.end());
  const Eigen::VectorXf degree = edges * Eigen::VectorXf::Ones(model.control_count());
  for (int step = 0; step < 100; ++step) {
    const Eigen::VectorXf mean = edges * share;
    for (Eigen::Index i = 0; i < share.size(); ++i)
      if (!fixed[std::size_t(i)] && degree[i] > 0) share[i] = mean[i] / degree[i];
  }
  return share;
}

}  // namespace

mesh::Vertices swapped_face(const mesh::FaceModel& model, const mesh::Vertices& own,
                            const mesh::Vertices& other) {
  // Least squares over the landmarks: size and place; the head's own axes stay.
  const Eigen::RowVector3f middle = other.topRows<68>().colwise().mean(),
                           my_middle = own.topRows<68>().colwise().mean();
  const mesh::Vertices from = other.topRows<68>().rowwise() - middle,
                       to = own.topRows<68>().rowwise() - my_middle;
  const float scale = from.cwiseProduct(to).sum() / std::max(1e-6F, from.squaredNorm());
  const mesh::Vertices theirs = (scale * (other.rowwise() - middle)).rowwise() + my_middle;
  const Eigen::VectorXf share = outline_share(model);
  return theirs + share.asDiagonal() * (own - theirs);
}

std::vector<Point2> whole_face_polygon(const mesh::Vertices& control) {
  if (!control.allFinite()) return {};
  const float cm = (control.row(13) - control.row(3)).norm() / kJawCm;
  std::vector<Point2> outline;
  for (int i = 0; i <= 16; ++i) outline.emplace_back(control.row(i).head<2>().transpose());
  for (int i : kForehead) outline.emplace_back(control.row(i).head<2>().transpose());
  Point2 middle(0, 0);
  for (const Point2& p : outline) middle += p / float(outline.size());
  for (Point2& p : outline) {
    const Point2 away = p - middle;
    const float length = away.norm();
    if (length > 0) p -= away * (std::min(length, kInsideCm * cm) / length);
  }
  return convex_hull(std::move(outline));
}

Reference mirrored(const mesh::FaceModel& model, const Reference& reference) {
  Reference out;
  const core::ImageU8& from = reference.image;
  out.image = core::ImageU8(from.width, from.height, from.channels);
  for (int y = 0; y < from.height; ++y)
    for (int x = 0; x < from.width; ++x)
      std::copy_n(from.row(y) + std::ptrdiff_t(from.width - 1 - x) * from.channels, from.channels,
                  out.image.row(y) + std::ptrdiff_t(x) * from.channels);
  const std::vector<int> mirror = mesh::control_mirror();
  mesh::Vertices control(model.control_count(), 3);
  for (Eigen::Index i = 0; i < control.rows(); ++i)
    control.row(i) = reference.dense.row(mirror[std::size_t(i)]);
  control.col(0) = float(from.width) - control.col(0).array();
  out.dense = mesh::dense_vertices(model, control);
  return out;
}

bool needs_mirror(const SkinSeen& seen, const core::Patch& patch) {
  constexpr double kWorthIt = 0.01;  // share of the face
  double hidden = 0, all = 0;
  for (std::size_t i = 0; i < seen.painted.data.size(); ++i) {
    const double alpha = double(patch.alpha.data[i]) * double(seen.own.data[i]);
    hidden += alpha * double(1 - seen.painted.data[i]), all += alpha;
  }
  return hidden > kWorthIt * all;
}

void join_faces(const SkinSeen& seen, const core::Patch* other, const SkinSeen* other_seen, float px_per_cm,
                core::Patch* patch) {
  auto px = [&](float cm) { return std::max(1, int(std::lround(cm * px_per_cm))); };
  core::ImageF hidden = seen.painted;  // then the other's share of the face
  for (float& v : hidden.data) v = 1 - v;
  if (other != nullptr) {
    // Strands go on where they cannot be told from a brow.
    std::vector<float> line;
    for (float& v : hidden.data) v = v > 0.5F ? 1.F : 0.F;
    box_blur(px(kStrandsCm), &hidden, &line);
    for (float& v : hidden.data) v = v > 0.02F ? 1.F : 0.F;
    for (int k = 0; k < 2; ++k) box_blur(px(kJoinCm), &hidden, &line);
  }
  for (std::size_t i = 0; i < hidden.data.size(); ++i) {
    const float share = hidden.data[i];
    float visible = 1 - share;
    if (other != nullptr) {
      visible += share * other_seen->painted.data[i];
      for (std::size_t c = 3 * i; c < 3 * i + 3; ++c)
        patch->rgb.data[c] += share * (other->rgb.data[c] - patch->rgb.data[c]);
    }
    patch->alpha.data[i] *= seen.own.data[i] * visible;
  }
}

Painting trusting_painting(const std::vector<float>& trust) {
  Painting painting;
  painting.weights = core::ImageF(2, 2, kReferences);
  painting.residual = core::ImageF(2, 2, 3);
  float slots[kReferences] = {}, sum = 0;
  for (std::size_t i = 0; i < trust.size(); ++i) slots[slot_of(int(i))] += trust[i], sum += trust[i];
  for (int y = 0; y < 2; ++y)
    for (int x = 0; x < 2; ++x)
      for (int k = 0; k < kReferences; ++k)
        painting.weights.at(x, y, k) = sum > 0 ? slots[k] / sum : 1.F / kReferences;
  return painting;
}

}  // namespace resyncer::generator
