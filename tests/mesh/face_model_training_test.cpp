// train::train_face_model on figures made up from the committed model, so that it runs without ICT-FaceKit's.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "mesh/random_face.h"
#include "resyncer/core/error.h"
#include "resyncer/core/tensor_file.h"
#include "resyncer/train/face_model.h"
#include "support/scratch_folder.h"

namespace resyncer::train {
namespace {

namespace fs = std::filesystem;
using mesh::Points68;

const mesh::FaceModel& committed_model() {
  static const mesh::FaceModel model =
      mesh::load_face_model(RESYNCER_SOURCE_DIR "/models/face-model.safetensors");
  return model;
}

nlohmann::json to_json(const Points68& points) {
  nlohmann::json rows = nlohmann::json::array();
  for (int i = 0; i < core::kLandmarks; ++i) rows.push_back({points(i, 0), points(i, 1), points(i, 2)});
  return rows;
}

Points68 column(const Eigen::MatrixXf& basis, int k) {
  Eigen::VectorXf flat = basis.col(k).head(3 * core::kLandmarks);
  return Eigen::Map<Points68>(flat.data());
}

// Ten identities, of which the last two are held out, and thirteen expressions.
nlohmann::json figures(float held_out_size = 1) {
  const mesh::FaceModel& model = committed_model();
  nlohmann::json json;
  json["neutral"] = to_json(model.neutral.topRows<core::kLandmarks>());
  for (int k = 0; k < 10; ++k)
    json["identity"]["identity" + std::to_string(k)] =
        to_json(column(model.identity, k) * (k < 8 ? 1 : held_out_size));
  Eigen::VectorXf wide = model.expression * model.wide_open;
  json["expression"]["jawOpen"] = to_json(column(wide, 0) / 0.7F);
  for (int k = 0; k < 8; ++k)
    json["expression"]["mouth" + std::to_string(k)] = to_json(column(model.expression, k));
  for (int k = 0; k < 4; ++k)
    json["expression"]["brow" + std::to_string(k)] =
        to_json(column(model.expression, model.speech_count + k));
  return json;
}

class FaceModelTraining : public testing::Test {
 protected:
  void SetUp() override {
    options_.identity_modes = 8;
    options_.speech_modes = 9;
    options_.upper_modes = 4;
    options_.last_identity = 8;
    options_.samples = 1000;
  }

  mesh::FaceModel train(const nlohmann::json& json) {
    std::ofstream(path()) << json.dump();
    return train_face_model(path(), options_, &report_);
  }
  fs::path path() const { return folder_ / "figures.json"; }

  support::ScratchFolder folder_;
  FaceModelOptions options_;
  FaceModelReport report_;
};

TEST_F(FaceModelTraining, SpansItsData) {
  mesh::FaceModel model = train(figures());
  EXPECT_EQ(model.identity_count(), 8);
  EXPECT_EQ(model.expression_count(), 13);
  EXPECT_EQ(model.speech_count, 9);
  auto left_over = [](const Eigen::MatrixXf& basis, const Eigen::VectorXf& wanted) {
    Eigen::MatrixXd b = basis.topRows(3 * core::kLandmarks).cast<double>();
    Eigen::VectorXd w = wanted.head(3 * core::kLandmarks).cast<double>();
    return (w - b * b.colPivHouseholderQr().solve(w)).norm() / w.norm();
  };
  const mesh::FaceModel& truth = committed_model();
  for (int k = 0; k < 8; ++k) {
    EXPECT_LT(left_over(model.identity, truth.identity.col(k)), 0.02) << k;
    EXPECT_LT(left_over(model.expression, truth.expression.col(k)), 0.02) << k;
  }
  // The jaw's drop: the lips as far apart as they were given.
  auto gap = [](const mesh::FaceModel& m) {
    mesh::Vertices open = control_vertices(m, Eigen::VectorXf::Zero(m.identity_count()), m.wide_open);
    return (open.row(62) - open.row(66)).norm();
  };
  EXPECT_NEAR(gap(model), gap(truth), 0.1F * gap(truth));
}

TEST_F(FaceModelTraining, CoefficientsAreInSigmas) {
  mesh::FaceModel model = train(figures());
  // N(0, 1) weights on the eight shapes: the variances of all modes add up to those of the shapes.
  float shapes = 0, modes = 0;
  for (int k = 0; k < 8; ++k) {
    shapes += committed_model().identity.col(k).head(204).squaredNorm();
    modes += model.identity.col(k).head(204).squaredNorm();
  }
  EXPECT_NEAR(modes / shapes, 1, 0.1);
}

TEST_F(FaceModelTraining, HeldOutIdentitiesLeaveNoTrace) {
  mesh::FaceModel one = train(figures(1)), other = train(figures(50));
  EXPECT_TRUE(one.identity == other.identity);
  EXPECT_TRUE(one.expression == other.expression);
}

TEST_F(FaceModelTraining, IsTheSameForASeed) {
  mesh::FaceModel one = train(figures()), two = train(figures());
  EXPECT_TRUE(one.expression == two.expression);
  options_.seed = 2;
  EXPECT_FALSE(train(figures()).expression == one.expression);
}

// A tracker that sees the chin 0.4 cm lower than the figures do: the refined neutral face follows.
TEST_F(FaceModelTraining, RefinementFollowsTheTracker) {
  constexpr float kLower = 0.4F;
  const mesh::FaceModel& truth = committed_model();
  std::mt19937 random(3);
  std::vector<float> points;
  std::vector<std::int32_t> clip, size;
  for (int c = 0; c < 12; ++c) {
    Eigen::VectorXf identity = mesh::random_coefficients(8, 1, &random), all = Eigen::VectorXf::Zero(24);
    all.head(8) = identity;
    for (int f = 0; f < 8; ++f) {
      Points68 face = landmarks_of(truth, all, Eigen::VectorXf::Zero(truth.expression_count()));
      for (int i = 6; i <= 10; ++i) face(i, 1) -= kLower;
      mesh::KnownFace seen = mesh::see(face, &random);
      for (const auto& p : seen.observed.landmarks) points.insert(points.end(), {p.x(), p.y()});
      clip.push_back(c);
      size.insert(size.end(), {mesh::kFrameWidth, mesh::kFrameHeight});
    }
  }
  const auto count = std::int64_t(clip.size());
  core::TensorFileWriter writer;
  writer.set_meta("kind", "tracks");
  writer.add("landmarks", {count, core::kLandmarks, 2}, points);
  writer.add("clip", core::DType::i32, {count}, clip.data());
  writer.add("size", core::DType::i32, {count, 2}, size.data());
  options_.tracks = folder_ / "tracks.safetensors";
  writer.write(options_.tracks);
  mesh::FaceModel model = train(figures());
  EXPECT_LT(report_.error_after, report_.error_before);
  float lowered = 0;
  for (int i = 6; i <= 10; ++i) lowered += (truth.neutral(i, 1) - model.neutral(i, 1)) / 5;
  // Against the rest of the face, which may drift with it.
  float drift = (truth.neutral.col(1) - model.neutral.col(1)).segment(17, 31).mean();
  EXPECT_GT(lowered - drift, 0.3F * kLower);
  EXPECT_LT(lowered - drift, 1.5F * kLower);
  for (int i = 0; i < 17; ++i) {  // and stays symmetric
    EXPECT_NEAR(model.neutral(i, 0), -model.neutral(16 - i, 0),
                0.05F + std::abs(truth.neutral(i, 0) + truth.neutral(16 - i, 0)));
    EXPECT_NEAR(model.neutral(i, 1), model.neutral(16 - i, 1),
                0.05F + std::abs(truth.neutral(i, 1) - truth.neutral(16 - i, 1)));
  }
}

TEST_F(FaceModelTraining, DamagedFiguresAreNamed) {
  auto kind = [&](const std::string& text) {
    std::ofstream(path()) << text;
    try {
      train_face_model(path(), options_);
    } catch (const core::Error& error) {
      return error.kind();
    }
    return core::ErrorKind::internal;
  };
  nlohmann::json no_jaw = figures(), short_face = figures(), text = figures();
  no_jaw["expression"].erase("jawOpen");
  short_face["neutral"].erase(3);
  text["neutral"][5][1] = "x";
  for (const std::string& bad :
       {std::string(), std::string("{"), std::string("[]"), no_jaw.dump(), short_face.dump(), text.dump()})
    EXPECT_EQ(kind(bad), core::ErrorKind::input) << bad.substr(0, 40);
  fs::remove(path());
  EXPECT_THROW(train_face_model(path(), options_), core::Error);
}

}  // namespace
}  // namespace resyncer::train
