#include "train/face_model_refinement.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "resyncer/core/error.h"
#include "resyncer/core/face.h"
#include "resyncer/core/tensor_file.h"
#include "resyncer/mesh/fit.h"

namespace resyncer::train {

namespace {

using LandmarkPoints = Eigen::Matrix<float, core::kLandmarks, 3, Eigen::RowMajor>;

struct Clip {
  int width = 0, height = 0;
  mesh::ShotInput shot;
};

std::vector<Clip> read_tracks(const std::filesystem::path& path) {
  core::TensorFile file(path, core::ErrorKind::input);
  if (file.meta("kind") != "tracks")
    throw core::Error(core::ErrorKind::input,
                      "is a '" + file.meta("kind") + "' file where a 'tracks' file is needed", file.place());
  const auto& points = file.get("landmarks", core::DType::f32, {-1, core::kLandmarks, 2});
  std::int64_t count = points.shape[0];
  std::vector<float> xy = points.to_floats(), clip = file.get("clip", core::DType::i32, {count}).to_floats(),
                     size = file.get("size", core::DType::i32, {count, 2}).to_floats();
  auto is_sane = [](float value) { return std::isfinite(value) && std::abs(value) < 1e6F; };
  if (!std::all_of(xy.begin(), xy.end(), is_sane) || !std::all_of(size.begin(), size.end(), is_sane))
    throw core::Error(core::ErrorKind::input, "has values that are not finite", file.place());
  std::vector<Clip> clips;
  for (std::int64_t n = 0; n < count; ++n) {
    auto at = std::size_t(n);
    if (n == 0 || clip[at] != clip[at - 1]) clips.push_back({int(size[2 * at]), int(size[2 * at + 1]), {}});
    core::FaceObservation face;
    face.score = 1;
    for (std::size_t i = 0; i < core::kLandmarks; ++i)
      face.landmarks[i] =
          core::Point2(xy[(at * core::kLandmarks + i) * 2], xy[(at * core::kLandmarks + i) * 2 + 1]);
    clips.back().shot.frames.emplace_back(face);
  }
  if (clips.empty()) throw core::Error(core::ErrorKind::input, "holds no landmarks", path.string());
  return clips;
}

// Sums of the residuals of one clip in head coordinates, cm.
void add_residuals(const mesh::FaceModel& model, const Clip& clip, const mesh::TrackFit& fit,
                   Eigen::VectorXd* sum, double* frames) {
  for (std::size_t f = 0; f < clip.shot.frames.size(); ++f) {
    const auto& params = fit.shots[0][f];
    if (!params) continue;
    mesh::Vertices head = mesh::control_vertices(model, fit.identity, params->expression);
    mesh::Vertices seen = mesh::project(head, params->camera_from_head, fit.camera);
    Eigen::Matrix3f head_from_camera = params->camera_from_head.linear().transpose();
    for (int i = 0; i < core::kLandmarks; ++i) {
      Eigen::Vector3f p = params->camera_from_head * Eigen::Vector3f(head.row(i).transpose());
      Eigen::Vector2f difference =
          clip.shot.frames[f]->landmarks[std::size_t(i)] - seen.row(i).head<2>().transpose();
      Eigen::Vector3f moved(difference.x(), difference.y(), 0);
      sum->segment<3>(3 * i) += (head_from_camera * moved * p.z() / fit.camera.focal_px).cast<double>();
    }
    *frames += 1;
  }
}

// The mean of a face and its mirror image.
Eigen::VectorXd symmetric(const Eigen::VectorXd& flat) {
  static const int mirror[core::kLandmarks] = {
      16, 15, 14, 13, 12, 11, 10, 9,  8,  7,  6,  5,  4,  3,  2,  1,  0,  26, 25, 24, 23, 22, 21,
      20, 19, 18, 17, 27, 28, 29, 30, 35, 34, 33, 32, 31, 45, 44, 43, 42, 47, 46, 39, 38, 37, 36,
      41, 40, 54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65};
  Eigen::VectorXd out(flat.size());
  for (int i = 0; i < core::kLandmarks; ++i) {
    Eigen::Vector3d a = flat.segment<3>(3 * i), b = flat.segment<3>(3 * mirror[i]);
    out.segment<3>(3 * i) = 0.5 * Eigen::Vector3d(a.x() - b.x(), a.y() + b.y(), a.z() + b.z());
  }
  return out;
}

}  // namespace

Refinement refine_neutral(const Eigen::VectorXf& neutral, const Eigen::MatrixXf& identity,
                          const Eigen::MatrixXf& expression, const FaceModelOptions& options) {
  std::vector<Clip> clips = read_tracks(options.tracks);
  Refinement out{neutral, 0, 0};
  for (int round = 0; round <= options.rounds; ++round) {
    LandmarkPoints points = Eigen::Map<LandmarkPoints>(out.neutral.data());
    mesh::FaceModel model = mesh::build_face_model(points, identity, expression, options.speech_modes);
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(neutral.size());
    double frames = 0, error = 0;
    for (const Clip& clip : clips) {
      mesh::FitOptions fitting;
      fitting.temporal_weight = 0;  // the frames of a dataset are not neighbours in time
      mesh::TrackFit fit = mesh::fit_track(model, {clip.shot}, clip.width, clip.height, fitting);
      error += double(fit.reprojection_error) / double(clips.size());
      add_residuals(model, clip, fit, &sum, &frames);
    }
    (round == 0 ? out.error_before : out.error_after) = float(error);
    if (round < options.rounds) out.neutral += symmetric(sum / frames).cast<float>();
  }
  return out;
}

}  // namespace resyncer::train
