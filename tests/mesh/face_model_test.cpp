#include "resyncer/mesh/face_model.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "resyncer/core/tensor_file.h"
#include "support/scratch_folder.h"

namespace resyncer::mesh {
namespace {

using core::DType;
namespace fs = std::filesystem;

const char* kCommitted = RESYNCER_SOURCE_DIR "/models/face-model.safetensors";

const FaceModel& committed_model() {
  static const FaceModel model = load_face_model(kCommitted);
  return model;
}

Eigen::Vector2f uv_of(const FaceModel& model, int v) { return model.uv.row(v).transpose(); }

float signed_area(Eigen::Vector2f a, Eigen::Vector2f b, Eigen::Vector2f c) {
  return 0.5F * ((b - a).x() * (c - a).y() - (b - a).y() * (c - a).x());
}

TEST(FaceModel, CommittedModelIsAFace) {
  const FaceModel& model = committed_model();
  EXPECT_EQ(model.identity_count(), 24);
  EXPECT_EQ(model.expression_count(), 32);
  EXPECT_EQ(model.speech_count, 24);
  EXPECT_GE(model.uv.rows(), 1500);
  EXPECT_LE(model.uv.rows(), 2500);
  EXPECT_NEAR((model.neutral.row(36) - model.neutral.row(45)).norm(), 9.F, 1.F);  // cm
  // At rest the inner lips nearly touch; wide open they are centimetres apart.
  for (auto [upper, lower] : {std::pair{61, 67}, {62, 66}, {63, 65}})
    EXPECT_LT((model.neutral.row(upper) - model.neutral.row(lower)).norm(), 0.35F) << upper;
  Vertices open = control_vertices(model, Eigen::VectorXf::Zero(24), model.wide_open);
  EXPECT_GT((open.row(62) - open.row(66)).norm(), 1.5F);
}

TEST(FaceModel, SpeechMovesNeitherBrowsNorEyesNorTheSkirt) {
  const FaceModel& model = committed_model();
  auto largest = [&](int first, int last, int column, int columns) {
    return model.expression.block(3 * first, column, 3 * (last - first + 1), columns).cwiseAbs().maxCoeff();
  };
  const int speech = model.speech_count, upper = model.expression_count() - speech;
  EXPECT_EQ(largest(17, 26, 0, speech), 0.F);  // brows
  EXPECT_EQ(largest(36, 47, 0, speech), 0.F);  // eyes
  EXPECT_EQ(largest(48, 67, speech, upper), 0.F);
  EXPECT_EQ(largest(0, 16, speech, upper), 0.F);
  EXPECT_EQ(largest(68, 84, 0, speech + upper), 0.F);
  EXPECT_GT(largest(48, 67, 0, speech), 0.5F);
  EXPECT_GT(model.identity.middleRows(3 * 68, 3 * 17).cwiseAbs().maxCoeff(),
            0.F);  // the skirt follows the person
}

TEST(FaceModel, SurfaceIsManifoldAndOriented) {
  const FaceModel& model = committed_model();
  for (const auto* triangles : {&model.cage, &model.triangles}) {
    std::set<std::pair<int, int>> directed;
    for (const Triangle& t : *triangles)
      for (int k = 0; k < 3; ++k)
        EXPECT_TRUE(directed.insert({t[k], t[(k + 1) % 3]}).second) << "edge used twice in one direction";
  }
  // Counter-clockwise from outside: normals of the frontal skin look forward, triangles are not slivers.
  std::size_t forward = 0, skin = 0;
  Vertices dense = dense_vertices(model, model.neutral);
  for (std::size_t i = 0; i < model.triangles.size(); ++i) {
    if (model.regions[i] != Region::skin) continue;
    const Triangle& t = model.triangles[i];
    Eigen::Vector3f a = dense.row(t[0]), b = dense.row(t[1]), c = dense.row(t[2]);
    ++skin;
    if ((b - a).cross(c - a).z() > 0) ++forward;
  }
  EXPECT_GT(double(forward), 0.98 * double(skin));
}

TEST(FaceModel, SkinUnfoldsWithoutOverlap) {
  const FaceModel& model = committed_model();
  EXPECT_GE(model.uv.minCoeff(), 0.F);
  EXPECT_LE(model.uv.maxCoeff(), 1.F);
  // A disc whose triangles all turn the same way and whose outline does not cross itself cannot overlap; v is
  // down, so counter-clockwise is negative. The areas must also add up to that of the outline, mouth
  // included.
  float sum = 0;
  std::map<std::pair<int, int>, int> edges;
  for (const Triangle& t : model.triangles) {
    float area = signed_area(uv_of(model, t[0]), uv_of(model, t[1]), uv_of(model, t[2]));
    EXPECT_LT(area, 0.F) << t[0] << ' ' << t[1] << ' ' << t[2];
    sum += area;
    for (int k = 0; k < 3; ++k) edges[{t[k], t[(k + 1) % 3]}] = 1;
  }
  float outline = 0;
  for (const auto& [edge, unused] : edges)
    if (edges.count({edge.second, edge.first}) == 0)
      outline += signed_area(Eigen::Vector2f::Zero(), uv_of(model, edge.first), uv_of(model, edge.second));
  EXPECT_NEAR(sum, outline, 1e-4F);
}

TEST(FaceModel, CageIsSymmetric) {
  const FaceModel& model = committed_model();
  std::map<std::pair<long, long>, int> at;  // chart position -> vertex
  auto key = [&](float u, float v) { return std::pair{std::lround(u * 1e4F), std::lround(v * 1e4F)}; };
  for (int v = 0; v < model.control_count(); ++v) at[key(model.uv(v, 0), model.uv(v, 1))] = v;
  std::set<std::set<int>> triangles;
  for (const Triangle& t : model.cage) triangles.insert({t[0], t[1], t[2]});
  for (const Triangle& t : model.cage) {
    std::set<int> mirrored;
    for (int v : t) {
      auto it = at.find(key(1 - model.uv(v, 0), model.uv(v, 1)));
      ASSERT_NE(it, at.end()) << "vertex " << v << " has no mirror image";
      mirrored.insert(it->second);
    }
    EXPECT_EQ(triangles.count(mirrored), 1U);
  }
}

TEST(FaceModel, MouthIsFilledInsideTheInnerLipsOnly) {
  const FaceModel& model = committed_model();
  std::set<int> mouth;
  for (std::size_t i = 0; i < model.triangles.size(); ++i)
    if (model.regions[i] == Region::mouth)
      for (int v : model.triangles[i])
        if (v < model.control_count()) mouth.insert(v);
  EXPECT_EQ(mouth, (std::set<int>{60, 61, 62, 63, 64, 65, 66, 67}));
}

class Damaged : public testing::Test {
 protected:
  // What load_face_model says of the committed model after `change`.
  std::string fault(const std::function<void(core::TensorFileWriter*)>& change) {
    core::TensorFile good(kCommitted);
    core::TensorFileWriter writer;
    for (const auto& [name, view] : good.tensors()) writer.add(name, view.type, view.shape, view.data);
    for (const auto& [name, value] : good.metadata()) writer.set_meta(name, value);
    change(&writer);
    writer.write(path_);
    try {
      load_face_model(path_);
    } catch (const core::Error& error) {
      EXPECT_EQ(error.kind(), core::ErrorKind::model);
      return error.what();
    }
    return "";
  }

  support::ScratchFolder folder_;
  fs::path path_ = folder_ / "face_model.safetensors";
};

TEST_F(Damaged, UnchangedCopyLoads) {
  EXPECT_EQ(fault([](auto*) {}), "");
}

TEST_F(Damaged, IsRefused) {
  const FaceModel& model = committed_model();
  const std::int64_t rows = 3 * model.control_count();
  auto wrong_kind = [](auto* w) { w->set_meta("kind", "generator"); };
  auto short_neutral = [](auto* w) { w->add("neutral", {68, 3}, std::vector<float>(204)); };
  auto flat_neutral = [&](auto* w) { w->add("neutral", {rows}, std::vector<float>(std::size_t(rows))); };
  auto other_type = [&](auto* w) {
    std::vector<std::int32_t> values(std::size_t(rows), 1);
    w->add("neutral", DType::i32, {rows / 3, 3}, values.data());
  };
  auto wrong_wide = [](auto* w) { w->add("wide_open", {3, 1}, std::vector<float>(3)); };
  auto huge_basis = [&](auto* w) {
    w->add("identity", {rows, 513}, std::vector<float>(std::size_t(rows * 513)));
  };
  for (const auto& change : std::vector<std::function<void(core::TensorFileWriter*)>>{
           wrong_kind, short_neutral, flat_neutral, other_type, wrong_wide, huge_basis})
    EXPECT_NE(fault(change), "");
}

TEST_F(Damaged, NumbersThatAreNoFaceAreRefused) {
  const FaceModel& model = committed_model();
  const auto count = std::size_t(3 * model.control_count());
  for (float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(), 1e30F}) {
    std::vector<float> values(count, 1.F);
    values[count / 2] = bad;
    EXPECT_NE(fault([&](auto* w) {
                w->add("neutral", {model.control_count(), 3}, values);
              }).find("neutral"),
              std::string::npos);
  }
}

TEST_F(Damaged, SpeechCountsOutOfRangeAreRefused) {
  for (const char* count : {"", "0", "-1", "33", "999999999999", "24x", "2.5"})
    EXPECT_NE(fault([&](auto* w) { w->set_meta("speech_count", count); }), "") << count;
}

TEST_F(Damaged, TruncatedFileIsRefused) {
  fs::copy_file(kCommitted, path_, fs::copy_options::overwrite_existing);
  for (std::uintmax_t size : {0, 7, 100, 40000}) {
    fs::resize_file(path_, size);
    EXPECT_THROW(load_face_model(path_), core::Error);
    fs::copy_file(kCommitted, path_, fs::copy_options::overwrite_existing);
  }
}

TEST_F(Damaged, SavedModelIsReadBack) {
  const FaceModel& model = committed_model();
  save_face_model(model, path_);
  FaceModel again = load_face_model(path_);
  EXPECT_TRUE(again.neutral == model.neutral);
  EXPECT_TRUE(again.identity == model.identity);
  EXPECT_TRUE(again.expression == model.expression);
  EXPECT_TRUE(again.wide_open == model.wide_open);
  EXPECT_EQ(again.speech_count, model.speech_count);
}

}  // namespace
}  // namespace resyncer::mesh
