#include "generator/mouth_atlas.h"

#include <algorithm>
#include <cmath>

#include "resyncer/mesh/raster.h"

namespace resyncer::generator {

namespace {

constexpr float kPointCm = 0.1F;    // from point to point
constexpr float kCoarseCm = 0.45F;  // sigma; what is coarser is light
// Of the mouth's width: how far the atlas reaches from the middle of the lips, and where weights have fallen
// to 1 / e.
constexpr float kAcross = 0.8F, kAbove = 0.62F, kBelow = 0.7F, kFallAcross = 0.68F, kFallDown = 0.5F;

Eigen::MatrixXf gaussian(Eigen::Index size, float sigma) {
  Eigen::MatrixXf blur(size, size);
  for (Eigen::Index i = 0; i < size; ++i)
    for (Eigen::Index j = 0; j < size; ++j)
      blur(i, j) = std::exp(-0.5F * float((i - j) * (i - j)) / (sigma * sigma));
  return blur;
}

using Plane = Eigen::Map<const Eigen::Matrix<float, -1, -1, Eigen::RowMajor>>;

Eigen::ArrayXXf blurred(const MouthAtlas& atlas, const float* points) {
  const Plane plane(points, atlas.height, atlas.width);
  return (atlas.blur_down * plane * atlas.blur_across).array();
}

// Where the atlas lies on the face: px of its raster.
struct Window {
  core::Point2 middle;  // of the lips, cm: right and up
  float mouth = 0;      // its width, cm
  int width = 0, height = 0;

  explicit Window(const mesh::Vertices& control) {
    const auto lips = control.middleRows(48, 20);
    middle = lips.leftCols<2>().colwise().mean();
    mouth = std::max(1.F, lips.col(0).maxCoeff() - lips.col(0).minCoeff());
    width = int(2 * kAcross * mouth / kPointCm);
    height = int((kAbove + kBelow) * mouth / kPointCm);
  }
  mesh::Vertices raster_px(const mesh::Vertices& vertices) const {
    mesh::Vertices px(vertices.rows(), 3);
    px.col(0) = (vertices.col(0).array() - middle.x() + kAcross * mouth) / kPointCm;
    px.col(1) = (middle.y() + kAbove * mouth - vertices.col(1).array()) / kPointCm;
    px.col(2) = -vertices.col(2) / kPointCm;
    return px;
  }
  float weight(int x, int y) const {
    const float across = ((float(x) + 0.5F) * kPointCm / mouth - kAcross) / kFallAcross,
                down = ((float(y) + 0.5F) * kPointCm / mouth - kAbove) / kFallDown,
                square = across * across + down * down;
    return std::exp(-square * square);
  }
};

// Attributes of the dense vertices (x, y or z: vertices x columns) at the points.
struct PointsOfMesh {
  std::vector<std::array<Eigen::Index, 3>> vertices;
  std::vector<std::array<float, 3>> shares;

  PointsOfMesh(const mesh::FaceModel& model, const mesh::Raster& raster, MouthAtlas* atlas) {
    for (int y = 0; y < int(atlas->height); ++y)
      for (int x = 0; x < int(atlas->width); ++x) {
        const int triangle = raster.triangle.at(x, y);
        const bool has_mesh = triangle >= 0;
        const mesh::Triangle t = has_mesh ? model.triangles[std::size_t(triangle)] : mesh::Triangle{0, 0, 0};
        const float b1 = has_mesh ? raster.barycentric.at(x, y, 0) : 0,
                    b2 = has_mesh ? raster.barycentric.at(x, y, 1) : 0;
        vertices.push_back({t[0], t[1], t[2]});
        shares.push_back({1 - b1 - b2, b1, b2});
        if (has_mesh) continue;
        atlas->has_mesh[y * atlas->width + x] = 0;
        atlas->weight[y * atlas->width + x] = 0;
      }
  }
  template <class Rows>
  Eigen::MatrixXf at_points(const Rows& attribute) const {
    Eigen::MatrixXf out(Eigen::Index(vertices.size()), attribute.cols());
    for (std::size_t i = 0; i < vertices.size(); ++i)
      out.row(Eigen::Index(i)) = shares[i][0] * attribute.row(vertices[i][0]) +
                                 shares[i][1] * attribute.row(vertices[i][1]) +
                                 shares[i][2] * attribute.row(vertices[i][2]);
    return out;
  }
};

// Px of the picture a cm of the head, at a point of it.
Eigen::Matrix<float, 2, 3> picture_by_head(const MouthView& view, const Eigen::Vector3f& point) {
  const Eigen::Vector3f p = view.params.camera_from_head * point;
  const float z = std::max(p.z(), 1e-3F), scale = view.camera.focal_px / z;
  Eigen::Matrix<float, 2, 3> by_camera;
  by_camera << scale, 0, -scale * p.x() / z, 0, scale, -scale * p.y() / z;
  return view.picture_from_frame.linear() * by_camera * view.params.camera_from_head.linear();
}

// Bilinear, the picture's edge repeated; adds `share` of the colours.
void add_sample(const core::ImageU8& picture, float x, float y, float share, Eigen::Array3f* sum) {
  const float limit_x = float(picture.width) - 1.001F, limit_y = float(picture.height) - 1.001F;
  // In this order NaN gives 0.
  x = std::min(limit_x, std::max(0.F, x - 0.5F)), y = std::min(limit_y, std::max(0.F, y - 0.5F));
  const int xi = int(x), yi = int(y);
  const float fx = x - float(xi), fy = y - float(yi);
  const std::uint8_t *upper = picture.row(yi) + 3 * xi, *lower = picture.row(yi + 1) + 3 * xi;
  for (int c = 0; c < 3; ++c) {
    const float top = float(upper[c]) + fx * float(upper[c + 3] - upper[c]),
                bottom = float(lower[c]) + fx * float(lower[c + 3] - lower[c]);
    (*sum)[c] += share * (top + fy * (bottom - top));
  }
}

}  // namespace

MouthAtlas make_mouth_atlas(const mesh::FaceModel& model, const Eigen::VectorXf& identity,
                            const Eigen::VectorXf& expression) {
  Eigen::VectorXf all = Eigen::VectorXf::Zero(model.expression_count());
  const mesh::Vertices still = mesh::control_vertices(model, identity, all);
  all.head(expression.size()) = expression;
  const mesh::Vertices control = mesh::control_vertices(model, identity, all);
  const Window window(control);
  MouthAtlas atlas;
  atlas.width = window.width, atlas.height = window.height;
  const Eigen::Index points = atlas.width * atlas.height;
  atlas.has_mesh = Eigen::ArrayXf::Ones(points);
  atlas.weight.resize(points);
  for (int y = 0; y < window.height; ++y)
    for (int x = 0; x < window.width; ++x) atlas.weight[y * atlas.width + x] = window.weight(x, y);
  mesh::Raster raster;
  mesh::rasterize(model, window.raster_px(mesh::dense_vertices(model, control)), window.width, window.height,
                  &raster);
  const PointsOfMesh mesh_points(model, raster, &atlas);
  atlas.place = mesh_points.at_points(mesh::dense_vertices(model, still));
  for (int axis = 0; axis < 3; ++axis) {
    Eigen::MatrixXf of_control(model.control_count(), model.speech_count);
    for (Eigen::Index v = 0; v < of_control.rows(); ++v)
      of_control.row(v) = model.expression.row(3 * v + axis).head(model.speech_count);
    atlas.motion[axis] = mesh_points.at_points(Eigen::MatrixXf(model.subdivision * of_control));
  }
  atlas.blur_across = gaussian(atlas.width, kCoarseCm / kPointCm);
  atlas.blur_down = gaussian(atlas.height, kCoarseCm / kPointCm);
  atlas.covered = blurred(atlas, atlas.has_mesh.data()).max(1e-6F);
  return atlas;
}

MouthTexture sample_mouth(const MouthAtlas& atlas, const MouthView& view, const Eigen::VectorXf& speech) {
  const Eigen::Index points = atlas.place.rows();
  mesh::Vertices head = atlas.place;
  for (int axis = 0; axis < 3; ++axis) head.col(axis) += atlas.motion[axis] * speech;
  const mesh::Vertices in_frame = mesh::project(head, view.params.camera_from_head, view.camera);
  MouthTexture out{Eigen::ArrayX3f(points, 3), Eigen::ArrayX3f(points, 3), Eigen::ArrayX3f(points, 3)};
  for (Eigen::Index i = 0; i < points; ++i) {
    const core::Point2 at = view.picture_from_frame * core::Point2(in_frame.row(i).head<2>().transpose());
    Eigen::Array3f colour = Eigen::Array3f::Zero(), dx = colour, dy = colour;
    add_sample(view.picture, at.x(), at.y(), 1 / 255.F, &colour);
    add_sample(view.picture, at.x() + 1, at.y(), 0.5F / 255, &dx);
    add_sample(view.picture, at.x() - 1, at.y(), -0.5F / 255, &dx);
    add_sample(view.picture, at.x(), at.y() + 1, 0.5F / 255, &dy);
    add_sample(view.picture, at.x(), at.y() - 1, -0.5F / 255, &dy);
    out.detail.row(i) = atlas.has_mesh[i] * colour;
    out.slope_x.row(i) = dx, out.slope_y.row(i) = dy;
  }
  for (int c = 0; c < 3; ++c) {
    const Eigen::Array<float, -1, -1, Eigen::RowMajor> light =
        blurred(atlas, out.detail.col(c).data()) / atlas.covered;
    out.detail.col(c) -= Eigen::Map<const Eigen::ArrayXf>(light.data(), points);
  }
  return out;
}

PictureMotion picture_motion(const MouthAtlas& atlas, const MouthView& view) {
  const auto by = picture_by_head(view, atlas.place.colwise().mean());
  PictureMotion out;
  out.x = by(0, 0) * atlas.motion[0] + by(0, 1) * atlas.motion[1] + by(0, 2) * atlas.motion[2];
  out.y = by(1, 0) * atlas.motion[0] + by(1, 1) * atlas.motion[1] + by(1, 2) * atlas.motion[2];
  return out;
}

}  // namespace resyncer::generator
