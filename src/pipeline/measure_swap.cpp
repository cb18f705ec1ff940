#include "resyncer/pipeline/measure_swap.h"

#include <Eigen/Dense>
#include <cmath>
#include <vector>

#include "pipeline/face_picture.h"
#include "pipeline/identity_source.h"
#include "resyncer/core/error.h"
#include "resyncer/identity/recogniser.h"
#include "resyncer/pipeline/cache.h"
#include "resyncer/pipeline/render.h"

namespace resyncer::pipeline {

namespace {

constexpr int kFirstInner = 17, kInner = 51;  // landmarks
using Landmarks = Eigen::Matrix<float, kInner, 3>;

Landmarks inner(const mesh::Vertices& control) { return control.middleRows<kInner>(kFirstInner); }

// The middle taken off, of one size: millimetres of a mean face.
Landmarks normalised(const mesh::FaceModel& model, const mesh::Vertices& control) {
  auto centred = [](Landmarks p) {
    p.rowwise() -= p.colwise().mean().eval();
    return p;
  };
  const Landmarks p = centred(inner(control));
  return 10 * centred(inner(model.neutral)).norm() / std::max(p.norm(), 1e-6F) * p;
}

// After Procrustes: turned on one another as well (Kabsch 1976), since a face's pitch and its depths are told
// apart badly.
double shape_distance(const Landmarks& a, const Landmarks& b) {
  const Eigen::Matrix3f cross = a.transpose() * b;
  const Eigen::JacobiSVD<Eigen::Matrix3f> svd(cross, Eigen::ComputeFullU | Eigen::ComputeFullV);
  Eigen::Matrix3f flip = Eigen::Matrix3f::Identity();
  if ((svd.matrixU() * svd.matrixV().transpose()).determinant() < 0) flip(2, 2) = -1;
  const Eigen::Matrix3f turn = svd.matrixU() * flip * svd.matrixV().transpose();
  return double((a * turn - b).norm()) / std::sqrt(double(kInner));
}

struct Person {
  Landmarks shape;
  FittedFace face;  // of a video
};

Person person(const FittedFace& face, const mesh::FaceModel& model, const std::filesystem::path& motion) {
  const Eigen::VectorXf rest = resting_expression(model, {&face}, motion);
  return {normalised(model, mesh::control_vertices(model, face.identity, rest)), face};
}

Person person_in(const std::filesystem::path& video, const mesh::FaceModel& model, const ModelSet& models,
                 const MeasureOptions& options) {
  const Analysis analysis = analyse_cached(video, {}, {options.cache, 0});
  return person(fit(analysis, model), model, models.get("motion").file);
}

double degrees_between(const Eigen::Isometry3f& a, const Eigen::Isometry3f& b) {
  return double(Eigen::AngleAxisf(Eigen::Matrix3f(a.rotation().transpose() * b.rotation())).angle()) * 180 /
         3.14159265358979;
}

// Frames in which both show a usable face.
std::vector<std::size_t> common_frames(const FittedFace& a, const FittedFace& b) {
  std::vector<std::size_t> frames;
  for (std::size_t i = 0; i < std::min(a.frames.size(), b.frames.size()); ++i)
    if (a.frames[i] && b.frames[i] && a.weight[i] > 0 && b.weight[i] > 0) frames.push_back(i);
  return frames;
}

void compare_motion(const mesh::FaceModel& model, const FittedFace& footage, const FittedFace& result,
                    SwapFigures* out) {
  const std::vector<std::size_t> frames = common_frames(footage, result);
  if (frames.empty())
    throw core::Error(core::ErrorKind::face,
                      "the result and its footage have no frame with a face in common");
  out->frames = int(frames.size());
  const double n = double(frames.size());
  Eigen::VectorXf mean = Eigen::VectorXf::Zero(model.expression_count());
  for (std::size_t i : frames) mean += result.frames[i]->expression - footage.frames[i]->expression;
  mean /= float(n);
  double squares = 0;
  for (std::size_t i : frames) {
    const auto &a = *footage.frames[i], &b = *result.frames[i];
    out->pose_error += degrees_between(a.camera_from_head, b.camera_from_head) / n;
    const Eigen::VectorXf moved = model.expression * (b.expression - a.expression - mean);
    squares += double(moved.segment<3 * kInner>(3 * kFirstInner).squaredNorm()) / (n * kInner);
    auto opening = [&](const FittedFace& face, const mesh::FaceParams& p) {
      return mesh::lip_openness(mesh::control_vertices(model, face.identity, p.expression));
    };
    out->opening_error += double(std::abs(opening(footage, a) - opening(result, b))) / n;
  }
  out->expression_error = 10 * std::sqrt(squares);
}

constexpr int kPictures = 24;  // of each file

std::vector<float> describe(const std::vector<std::filesystem::path>& files,
                            const identity::Recogniser& recogniser, const MeasureOptions& options) {
  std::vector<std::vector<float>> descriptions;
  for (const std::filesystem::path& file : files)
    for (const core::ImageU8& gray :
         face_pictures(file, analyse_cached(file, {}, {options.cache, 0}), kPictures))
      descriptions.push_back(recogniser.describe(gray));
  if (descriptions.empty())
    throw core::Error(core::ErrorKind::face, "the face is too small or turned too far to be recognised",
                      files.front().string());
  return identity::mean_description(descriptions);
}

}  // namespace

SwapFigures measure_swap(const std::filesystem::path& result, const std::filesystem::path& footage,
                         const std::filesystem::path& identity, const ModelSet& models,
                         const MeasureOptions& options) {
  const mesh::FaceModel model = mesh::load_face_model(models.get("face-model").file);
  const Person shown = person_in(result, model, models, options),
               own = person_in(footage, model, models, options);
  const IdentitySource given =
      load_identity(identity, model, models.get("motion").file, {}, {options.cache, 0}, {});
  const Landmarks wanted = normalised(model, mesh::control_vertices(model, given.identity, given.rest));
  SwapFigures figures;
  figures.shape_to_identity = shape_distance(shown.shape, wanted);
  figures.shape_to_footage = shape_distance(shown.shape, own.shape);
  const identity::Recogniser recogniser(models.get("identity").file);
  const auto result_described = describe({result}, recogniser, options);
  figures.likeness_to_identity =
      identity::similarity(result_described, describe(identity_files(identity), recogniser, options));
  figures.likeness_to_footage =
      identity::similarity(result_described, describe({footage}, recogniser, options));
  compare_motion(model, own.face, shown.face, &figures);
  return figures;
}

}  // namespace resyncer::pipeline
