#include "resyncer/mesh/face_model.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "mesh/cage.h"
#include "mesh/subdivision.h"
#include "resyncer/core/tensor_file.h"

namespace resyncer::mesh {

namespace {

using core::DType;
using core::Error;
using core::ErrorKind;

constexpr int kRounds = 2;  // of subdivision
constexpr std::int64_t kMaxBasis = 512;
constexpr const char* kKind = "face-model";

// Displacements of the landmarks (204 x K) carried over to the whole cage (3Vc x K).
Eigen::MatrixXf extend(const std::vector<CagePoint>& points, const Eigen::MatrixXf& basis, bool move_skirt) {
  Eigen::MatrixXf out = Eigen::MatrixXf::Zero(3 * Eigen::Index(points.size()), basis.cols());
  for (std::size_t i = 0; i < points.size(); ++i) {
    bool is_skirt = int(i) >= kSkirtStart && int(i) < kSkirtStart + kSkirtCount;
    if (is_skirt && !move_skirt) continue;
    for (auto [landmark, weight] : points[i].terms)
      out.middleRows(3 * Eigen::Index(i), 3) += weight * basis.middleRows(3 * landmark, 3);
  }
  return out;
}

// Everything that follows from the cage alone.
void add_surface(FaceModel* model) {
  Topology topology;
  topology.vertices = cage_size();
  for (const CageTriangle& t : cage_triangles()) {
    model->cage.push_back(t.vertices);
    topology.triangles.push_back(t.vertices);
    topology.regions.push_back(t.region);
  }
  // The chart is divided linearly: what is drawn without overlap stays so, and inside [0, 1].
  std::vector<Eigen::Vector2f> uv;
  uv.reserve(std::size_t(cage_size()));
  for (int v = 0; v < cage_size(); ++v) uv.push_back(cage_uv(v));
  Eigen::SparseMatrix<float, Eigen::RowMajor> whole;
  for (int round = 0; round < kRounds; ++round) {
    Eigen::SparseMatrix<float, Eigen::RowMajor> step;
    topology = subdivide(topology, &step);
    for (auto [a, b] : topology.edges) uv.push_back(0.5F * (uv[std::size_t(a)] + uv[std::size_t(b)]));
    whole = round == 0 ? step : Eigen::SparseMatrix<float, Eigen::RowMajor>(step * whole);
  }
  model->subdivision = whole;
  model->triangles = topology.triangles;
  model->regions = topology.regions;
  model->uv.resize(Eigen::Index(uv.size()), 2);
  for (std::size_t v = 0; v < uv.size(); ++v) model->uv.row(Eigen::Index(v)) = uv[v].transpose();
}

std::vector<float> row_major(const Eigen::MatrixXf& m) {
  Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows = m;
  return {rows.data(), rows.data() + rows.size()};
}

Eigen::MatrixXf read_matrix(const core::TensorFile& file, const std::string& name, std::int64_t rows,
                            std::int64_t columns) {
  const core::TensorView& view = file.get(name, DType::f32, {rows, columns});
  std::vector<float> values = view.to_floats();
  for (float v : values)
    if (!std::isfinite(v) || std::abs(v) > 1000.F)
      throw Error(ErrorKind::model, "tensor '" + name + "' holds values that are no face", file.place(),
                  "install the weights again");
  return Eigen::Map<Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
      values.data(), Eigen::Index(view.shape[0]), Eigen::Index(view.shape[1]));
}

}  // namespace

Vertices control_vertices(const FaceModel& model, const Eigen::VectorXf& id, const Eigen::VectorXf& exp) {
  Eigen::VectorXf flat = Eigen::Map<const Eigen::VectorXf>(model.neutral.data(), model.neutral.size());
  flat.noalias() += model.identity * id;
  flat.noalias() += model.expression * exp;
  return Eigen::Map<const Vertices>(flat.data(), model.neutral.rows(), 3);
}

Vertices dense_vertices(const FaceModel& model, const Vertices& control) {
  return model.subdivision * control;
}

float lip_openness(const Vertices& control) {
  const float width = (control.row(60) - control.row(64)).norm();
  return width > 0 ? std::max(0.F, control(62, 1) - control(66, 1)) / width : 0.F;
}

FaceModel build_face_model(const Eigen::Matrix<float, 68, 3, Eigen::RowMajor>& landmarks,
                           const Eigen::MatrixXf& identity, const Eigen::MatrixXf& expression,
                           int speech_count) {
  FaceModel model;
  std::vector<CagePoint> points = cage_points();
  model.neutral.resize(Eigen::Index(points.size()), 3);
  for (std::size_t i = 0; i < points.size(); ++i) {
    Eigen::Vector3f p = points[i].offset;
    for (auto [landmark, weight] : points[i].terms) p += weight * landmarks.row(landmark).transpose();
    model.neutral.row(Eigen::Index(i)) = p.transpose();
  }
  model.identity = extend(points, identity, true);
  model.expression = extend(points, expression, false);
  model.speech_count = speech_count;
  model.wide_open = Eigen::VectorXf::Zero(expression.cols());
  add_surface(&model);
  return model;
}

void save_face_model(const FaceModel& model, const std::filesystem::path& path) {
  core::TensorFileWriter file;
  file.set_meta("kind", kKind);
  file.set_meta("version", "1");
  file.set_meta("speech_count", std::to_string(model.speech_count));
  file.add("neutral", {model.neutral.rows(), 3}, row_major(model.neutral));
  file.add("identity", {model.identity.rows(), model.identity.cols()}, row_major(model.identity));
  file.add("expression", {model.expression.rows(), model.expression.cols()}, row_major(model.expression));
  file.add("wide_open", {model.wide_open.size(), 1}, row_major(model.wide_open));
  file.write(path);
}

FaceModel load_face_model(const std::filesystem::path& path) {
  core::TensorFile file(path, ErrorKind::model);
  auto fail = [&](const std::string& what) {
    throw Error(ErrorKind::model, what, file.place(), "install the weights again");
  };
  if (file.meta("kind") != kKind) fail("is not a face model");
  FaceModel model;
  model.neutral = read_matrix(file, "neutral", cage_size(), 3);
  model.identity = read_matrix(file, "identity", 3 * cage_size(), -1);
  model.expression = read_matrix(file, "expression", 3 * cage_size(), -1);
  if (model.identity.cols() > kMaxBasis || model.expression.cols() > kMaxBasis)
    fail("the bases are too large");
  model.wide_open = read_matrix(file, "wide_open", model.expression.cols(), 1);
  const std::string& count = file.meta("speech_count");
  bool is_number =
      !count.empty() && count.size() < 6 && count.find_first_not_of("0123456789") == std::string::npos;
  model.speech_count = is_number ? std::stoi(count) : -1;
  if (model.speech_count < 1 || model.speech_count > model.expression_count())
    fail("the speech count does not fit");
  add_surface(&model);
  return model;
}

}  // namespace resyncer::mesh
