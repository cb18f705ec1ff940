#include "resyncer/generator/whole_face.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "generator/box_blur.h"
#include "generator/convex_hull.h"
#include "generator/skin_light.h"
#include "resyncer/mesh/camera.h"

namespace resyncer::generator {

namespace {

using core::Point2;

// Control vertices of the forehead, some 2 cm above the brows, from temple to temple (mesh/cage.cpp).
constexpr int kForehead[] = {93, 95, 97, 86, 98, 96, 94};
constexpr int kUpperForehead[] = {85, 91, 92};
constexpr int kTemples[] = {99, 100};
constexpr int kSkirt = 68, kSkirtEnd = 85;
constexpr float kStrandsCm = 0.5F;  // how far hair reaches beyond where it is told from skin
constexpr float kJoinCm = 0.25F;    // half the soft edge to mirrored pictures
constexpr float kTurned = 0.5F,
                kBetter = 0.2F;     // cosines: of what is seen badly, and how much better it must be
constexpr double kWorthIt = 0.01;   // share of the face that is worth another patch
constexpr float kInsideCm = 0.35F;  // from the outline to the mask's edge

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

mesh::Vertices symmetric(const mesh::Vertices& head) {
  const std::vector<int> mirror = mesh::control_mirror();
  mesh::Vertices out = head;
  for (Eigen::Index i = 0; i < head.rows(); ++i) {
    Eigen::RowVector3f opposite = head.row(mirror[std::size_t(i)]);
    opposite.x() = -opposite.x();
    out.row(i) = 0.5F * (head.row(i) + opposite);
  }
  return out;
}

}  // namespace

mesh::Vertices swapped_face(const mesh::FaceModel& model, const mesh::Vertices& own,
                            const mesh::Vertices& face) {
  const mesh::Vertices other = symmetric(face);
  // Least squares over the landmarks: size, place and pitch. Of one view a face's pitch and its depths are
  // told apart badly, so that two heads' axes may differ by some degrees.
  const Eigen::RowVector3f middle = other.topRows<68>().colwise().mean(),
                           my_middle = own.topRows<68>().colwise().mean();
  const mesh::Vertices to = own.topRows<68>().rowwise() - my_middle;
  mesh::Vertices turned = other.rowwise() - middle;
  const auto y = turned.col(1).head<68>(), z = turned.col(2).head<68>();
  const float pitch = std::atan2(y.dot(to.col(2)) - z.dot(to.col(1)), y.dot(to.col(1)) + z.dot(to.col(2)));
  turned = turned * Eigen::AngleAxisf(pitch, Eigen::Vector3f::UnitX()).toRotationMatrix().transpose();
  const mesh::Vertices from = turned.topRows<68>();
  const float scale = from.cwiseProduct(to).sum() / std::max(1e-6F, from.squaredNorm());
  const mesh::Vertices theirs = (scale * turned).rowwise() + my_middle;
  const Eigen::VectorXf share = outline_share(model);
  return theirs + share.asDiagonal() * (own - theirs);
}

std::vector<Point2> whole_face_polygon(const mesh::Vertices& control) {
  if (!control.allFinite()) return {};
  const float cm = mesh::px_per_cm(control);
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

Eigen::VectorXf facing(const mesh::FaceModel& model, const Reference& reference) {
  return (-normals(model, reference.dense).col(2)).cwiseMax(0.F);
}

core::ImageF share_of_mirror(const mesh::FaceModel& model, const SkinSeen& seen, const Eigen::VectorXf& lent,
                             const Eigen::VectorXf& in_mirror, float px_per_cm,
                             const GuidanceScratch& scratch, const core::Patch& patch) {
  auto px = [&](float cm) { return std::max(1, int(std::lround(cm * px_per_cm))); };
  std::vector<float> line;
  // Strands go on where they cannot be told from a brow.
  core::ImageF share = seen.painted;
  for (float& v : share.data) v = v < 0.5F ? 1.F : 0.F;
  box_blur(px(kStrandsCm), &share, &line);
  for (float& v : share.data) v = v > 0.02F ? 1.F : 0.F;
  for (int y = 0; y < share.height; ++y)
    for (int x = 0; x < share.width; ++x) {
      const std::int32_t owner = scratch.raster.triangle.at(x, y);
      if (owner < 0) continue;
      float better = 0;  // the mirror
      for (int v : model.triangles[std::size_t(owner)])
        if (lent[v] < kTurned) better += (in_mirror[v] - lent[v]) / 3;
      if (better > kBetter) share.at(x, y) = 1;
    }
  double taken = 0, all = 0;
  for (std::size_t i = 0; i < share.data.size(); ++i) {
    const double alpha = double(patch.alpha.data[i]) * double(seen.own.data[i]);
    taken += alpha * double(share.data[i]), all += alpha;
  }
  if (!(taken > kWorthIt * all)) return {};
  for (int k = 0; k < 2; ++k) box_blur(px(kJoinCm), &share, &line);
  return share;
}

void join_faces(const SkinSeen& seen, const OtherFace& other, core::Patch* patch) {
  for (std::size_t i = 0; i < seen.painted.data.size(); ++i) {
    float visible = seen.painted.data[i];
    if (other.patch != nullptr) {
      const float share = other.share->data[i];
      visible += share * (other.seen->painted.data[i] - visible);
      for (std::size_t c = 3 * i; c < 3 * i + 3; ++c)
        patch->rgb.data[c] += share * (other.patch->rgb.data[c] - patch->rgb.data[c]);
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
