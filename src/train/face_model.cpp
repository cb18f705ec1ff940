#include "resyncer/train/face_model.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <vector>

#include "resyncer/core/error.h"
#include "resyncer/core/face.h"
#include "train/face_model_refinement.h"

namespace resyncer::train {

namespace {

using core::Error;
using core::ErrorKind;
using Flat = Eigen::VectorXd;  // 204: x0 y0 z0 x1 ...
constexpr int kRows = 3 * core::kLandmarks;
constexpr float kWideOpen = 0.7F;  // share of the full jaw drop that speech reaches

struct Measured {
  Flat neutral;
  std::vector<Flat> identities;
  std::map<std::string, Flat> expressions;
};

Flat read_points(const nlohmann::json& json) {
  if (json.size() != core::kLandmarks) throw std::invalid_argument("not 68 points");
  Flat flat(kRows);
  for (int i = 0; i < core::kLandmarks; ++i)
    for (int k = 0; k < 3; ++k) flat[3 * i + k] = json.at(std::size_t(i)).at(std::size_t(k)).get<double>();
  return flat;
}

Measured read_measured(const std::filesystem::path& path) {
  std::ifstream stream(path);
  if (!stream)
    throw Error(ErrorKind::input, "cannot be read", path.string(), "name ICT-FaceKit's landmark figures");
  try {
    nlohmann::json json = nlohmann::json::parse(stream);
    Measured out;
    out.neutral = read_points(json.at("neutral"));
    for (const auto& item : json.at("identity")) out.identities.push_back(read_points(item));
    for (const auto& [name, item] : json.at("expression").items()) out.expressions[name] = read_points(item);
    if (out.expressions.count("jawOpen") == 0) throw std::invalid_argument("no expression jawOpen");
    return out;
  } catch (const std::exception& e) {
    throw Error(ErrorKind::input, std::string("is not a file of landmark figures (") + e.what() + ")",
                path.string());
  }
}

bool moves_in_speech(int landmark) {
  return landmark <= 16 || (landmark >= 31 && landmark <= 35) || landmark >= 48;
}
bool is_upper(int landmark) {
  return (landmark >= 17 && landmark <= 26) || (landmark >= 36 && landmark <= 47);
}
double weight_of(int landmark) { return landmark >= 48 ? 2.0 : landmark <= 16 ? 0.7 : 1.0; }

bool is_speech_shape(const std::string& name) {
  return name.rfind("mouth", 0) == 0 || name.rfind("jaw", 0) == 0 || name.rfind("cheekPuff", 0) == 0 ||
         name.rfind("noseSneer", 0) == 0;
}

// Random faces as people make them: some shapes at a time, left and right mostly alike, the jaw nearly always
// involved.
Flat random_expression(const Measured& measured, bool speech, std::mt19937_64* random) {
  std::uniform_real_distribution<double> uniform;
  Flat sum = Flat::Zero(kRows);
  double left = 0, jaw = 0;  // jawOpen comes before mouthClose in the map's order
  for (const auto& [name, shape] : measured.expressions) {
    if (is_speech_shape(name) != speech) continue;
    bool is_right = name.size() > 2 && name.compare(name.size() - 2, 2, "_R") == 0;
    double chance = name == "jawOpen" ? 0.8 : 0.25;
    double strength = uniform(*random) < chance ? uniform(*random) : 0;
    if (is_right && uniform(*random) < 0.85) strength = left;
    left = strength;
    // mouthClose brings the lips together on a dropped jaw: alone it would push them through each other.
    if (name == "jawOpen") jaw = strength;
    if (name == "mouthClose") strength *= jaw;
    sum += strength * shape;
  }
  for (int i = 0; i < core::kLandmarks; ++i)
    if (!(speech ? moves_in_speech(i) : is_upper(i))) sum.segment<3>(3 * i).setZero();
  return sum;
}

// Principal axes about zero, one sigma long; lips weigh most.
Eigen::MatrixXf principal_axes(const Eigen::MatrixXd& samples, int count) {
  Flat weight(kRows);
  for (int i = 0; i < core::kLandmarks; ++i) weight.segment<3>(3 * i).setConstant(weight_of(i));
  Eigen::MatrixXd weighted = weight.asDiagonal() * samples;
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(weighted * weighted.transpose() /
                                                       double(samples.cols()));
  Eigen::MatrixXf axes(kRows, count);
  for (int k = 0; k < count; ++k) {
    Flat axis = std::sqrt(std::max(0.0, eigen.eigenvalues()[kRows - 1 - k])) *
                eigen.eigenvectors().col(kRows - 1 - k);
    axes.col(k) = axis.cwiseQuotient(weight).cast<float>();
  }
  return axes;
}

Eigen::MatrixXf identity_axes(const Measured& measured, const FaceModelOptions& options,
                              std::mt19937_64* random) {
  std::normal_distribution<double> normal;
  auto count = std::min(measured.identities.size(), std::size_t(options.last_identity));
  Eigen::MatrixXd samples = Eigen::MatrixXd::Zero(kRows, options.samples);
  for (Eigen::Index s = 0; s < samples.cols(); ++s)
    for (std::size_t i = 0; i < count; ++i) samples.col(s) += normal(*random) * measured.identities[i];
  return principal_axes(samples, options.identity_modes);
}

Eigen::MatrixXf expression_axes(const Measured& measured, bool speech, int count,
                                const FaceModelOptions& options, std::mt19937_64* random) {
  Eigen::MatrixXd samples(kRows, options.samples);
  for (Eigen::Index s = 0; s < samples.cols(); ++s)
    samples.col(s) = random_expression(measured, speech, random);
  return principal_axes(samples, count);
}

}  // namespace

mesh::FaceModel train_face_model(const std::filesystem::path& landmarks, const FaceModelOptions& options,
                                 FaceModelReport* report) {
  Measured measured = read_measured(landmarks);
  std::mt19937_64 random(options.seed);
  Eigen::MatrixXf identity = identity_axes(measured, options, &random);
  Eigen::MatrixXf expression(kRows, options.speech_modes + options.upper_modes);
  expression << expression_axes(measured, true, options.speech_modes, options, &random),
      expression_axes(measured, false, options.upper_modes, options, &random);
  Eigen::VectorXf neutral = measured.neutral.cast<float>();
  if (!options.tracks.empty()) {
    Refinement refinement = refine_neutral(neutral, identity, expression, options);
    neutral = refinement.neutral;
    if (report != nullptr) *report = {refinement.error_before, refinement.error_after};
  }
  Eigen::Matrix<float, core::kLandmarks, 3, Eigen::RowMajor> points =
      Eigen::Map<Eigen::Matrix<float, core::kLandmarks, 3, Eigen::RowMajor>>(neutral.data());
  mesh::FaceModel model = mesh::build_face_model(points, identity, expression, options.speech_modes);
  Eigen::VectorXf jaw = kWideOpen * measured.expressions.at("jawOpen").cast<float>();
  model.wide_open.head(options.speech_modes) =
      expression.leftCols(options.speech_modes).colPivHouseholderQr().solve(jaw);
  return model;
}

}  // namespace resyncer::train
