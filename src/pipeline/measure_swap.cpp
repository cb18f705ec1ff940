#include "resyncer/pipeline/measure_swap.h"

#include <Eigen/Dense>
#include <cmath>
#include <vector>

#include "pipeline/face_picture.h"
#include "pipeline/face_swap.h"
#include "pipeline/identity_source.h"
#include "resyncer/core/error.h"
#include "resyncer/identity/recogniser.h"
#include "resyncer/pipeline/cache.h"
#include "resyncer/pipeline/render.h"

namespace resyncer::pipeline {

namespace {

constexpr float kJawNoise = 0.4F;             // of the inter-ocular distance: the jaw tells next to nothing
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

// Turned on one another, then compared as seen from the front: of one view a face's pitch and its depths are
// told apart badly, and depths are mostly what is known of all faces.
double shape_distance(Landmarks a, const Landmarks& b) {
  constexpr int kSteps = 5;  // Gauss and Newton on the rotation
  for (int step = 0; step < kSteps; ++step) {
    Eigen::Matrix3f normal = Eigen::Matrix3f::Zero();
    Eigen::Vector3f right = Eigen::Vector3f::Zero();
    for (int i = 0; i < kInner; ++i) {
      Eigen::Matrix<float, 2, 3> slope;  // of x and y, by the rotation about each axis
      slope << 0, a(i, 2), -a(i, 1), -a(i, 2), 0, a(i, 0);
      const Eigen::Vector2f missing = (b.row(i) - a.row(i)).head<2>().transpose();
      normal += slope.transpose() * slope;
      right += slope.transpose() * missing;
    }
    const Eigen::Vector3f turn = normal.ldlt().solve(right);
    a = a * Eigen::AngleAxisf(turn.norm(), turn.stableNormalized()).toRotationMatrix().transpose();
  }
  return double((a - b).leftCols<2>().norm()) / std::sqrt(double(kInner));
}

struct Person {
  Landmarks shape;
  FittedFace face;  // of a video
};

Person person(const FittedFace& face, const mesh::FaceModel& model, const std::filesystem::path& motion) {
  const Eigen::VectorXf rest = resting_expression(model, {&face}, motion);
  return {normalised(model, mesh::control_vertices(model, face.identity, rest)), face};
}

// The face model with the face of what was painted for its only one, as landmarks show it: the lender's
// features within the footage's outline.
mesh::FaceModel painted_model(const mesh::FaceModel& model, const FittedFace& footage,
                              const mesh::Vertices& footage_misfit, const IdentitySource& given,
                              const std::filesystem::path& motion) {
  const PaintedFace painted = painted_face(model, footage, given, motion);
  mesh::FaceModel known = model;
  known.neutral = painted.rest;
  Eigen::Map<Eigen::VectorXf>(known.neutral.data(), known.neutral.size()) -=
      model.expression * painted.own_rest;
  known.neutral.topRows<kFirstInner>() += footage_misfit.topRows<kFirstInner>();
  known.neutral.middleRows<kInner>(kFirstInner) += given.misfit.middleRows<kInner>(kFirstInner);
  known.identity.setZero();
  return known;
}

// Axis times degrees.
Eigen::Vector3f rotation_between(const Eigen::Isometry3f& a, const Eigen::Isometry3f& b) {
  const Eigen::AngleAxisf turn(Eigen::Matrix3f(a.rotation().transpose() * b.rotation()));
  return 180 / 3.14159265F * turn.angle() * turn.axis();
}

// Frames in which both show a usable face.
std::vector<std::size_t> common_frames(const FittedFace& a, const FittedFace& b) {
  std::vector<std::size_t> frames;
  for (std::size_t i = 0; i < std::min(a.frames.size(), b.frames.size()); ++i)
    if (a.frames[i] && b.frames[i] && a.weight[i] > 0 && b.weight[i] > 0) frames.push_back(i);
  return frames;
}

// A face, and the model that its coefficients are of.
struct Moving {
  const mesh::FaceModel& model;
  const FittedFace& face;

  float opening(const mesh::FaceParams& p) const {
    return mesh::lip_openness(mesh::control_vertices(model, face.identity, p.expression));
  }
};

void compare_motion(const Moving& footage, const Moving& result, SwapFigures* out) {
  const std::vector<std::size_t> frames = common_frames(footage.face, result.face);
  if (frames.empty())
    throw core::Error(core::ErrorKind::face,
                      "the result and its footage have no frame with a face in common");
  out->frames = int(frames.size());
  const double n = double(frames.size());
  Eigen::VectorXf mean = Eigen::VectorXf::Zero(footage.model.expression_count());
  for (std::size_t i : frames) mean += result.face.frames[i]->expression - footage.face.frames[i]->expression;
  mean /= float(n);
  std::vector<Eigen::Vector3f> turns;
  Eigen::Vector3f mean_turn = Eigen::Vector3f::Zero();
  double squares = 0;
  for (std::size_t i : frames) {
    const auto &a = *footage.face.frames[i], &b = *result.face.frames[i];
    turns.push_back(rotation_between(a.camera_from_head, b.camera_from_head));
    mean_turn += turns.back() / float(n);
    const Eigen::VectorXf moved = footage.model.expression * (b.expression - a.expression - mean);
    squares += double(moved.segment<3 * kInner>(3 * kFirstInner).squaredNorm()) / (n * kInner);
    out->opening_error += double(std::abs(footage.opening(a) - result.opening(b))) / n;
  }
  for (const Eigen::Vector3f& turn : turns) {
    out->pose_error += double(turn.norm()) / n;
    out->turning_error += double((turn - mean_turn).norm()) / n;
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
  const std::filesystem::path& motion = models.get("motion").file;
  const Analysis shown_video = analyse_cached(result, {}, {options.cache, 0});
  const Analysis footage_video = analyse_cached(footage, {}, {options.cache, 0});
  const Person shown = person(fit(shown_video, model), model, motion),
               own = person(fit(footage_video, model), model, motion);
  const IdentitySource given = load_identity(identity, model, motion, {}, {options.cache, 0}, {});
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
  // Pose and expression alone are fitted again, in what is known of the footage's camera and the painted
  // shape.
  const mesh::FaceModel painted =
      painted_model(model, own.face, mean_misfit({&footage_video}, {own.face}, model), given, motion);
  mesh::FitOptions known;
  known.focal_px = own.face.camera.focal_px;
  known.jaw_sigma = kJawNoise;  // the outline is not painted, and where landmarks put it changes with what is
  compare_motion({model, own.face}, {painted, fit(shown_video, painted, {}, known)}, &figures);
  return figures;
}

}  // namespace resyncer::pipeline
