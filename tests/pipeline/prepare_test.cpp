#include "resyncer/pipeline/prepare.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "resyncer/core/error.h"
#include "resyncer/core/tensor_file.h"
#include "support/scratch_folder.h"
#include "talking_video.h"

namespace resyncer::pipeline {
namespace {

namespace fs = std::filesystem;
using support::ScratchFolder;

TEST(ChooseDiverse, TakesTheExtremes) {
  std::vector<Eigen::VectorXf> rows;
  for (float v : {0.F, 0.1F, -5.F, 0.2F, 7.F, 0.F}) rows.push_back(Eigen::VectorXf::Constant(1, v));
  EXPECT_EQ(choose_diverse(rows, {0, 1, 2, 3, 4, 5}, 3), (std::vector<int>{2, 3, 4}));
  EXPECT_EQ(choose_diverse(rows, {0, 1, 3}, 8), (std::vector<int>{0, 1, 3}));
  EXPECT_TRUE(choose_diverse(rows, {}, 3).empty());
}

TEST(ChooseDiverse, NeverRepeatsEqualRows) {
  std::vector<Eigen::VectorXf> rows(6, Eigen::VectorXf::Ones(2));
  std::vector<int> chosen = choose_diverse(rows, {0, 1, 2, 3, 4, 5}, 4);
  EXPECT_EQ(std::set<int>(chosen.begin(), chosen.end()).size(), 4U);
}

TEST(ResampleMotion, FramesAt25HzAreTakenAsTheyAre) {
  std::vector<float> table{3, 1, 4, 1, 5};
  std::vector<double> times;
  std::vector<const float*> values;
  for (std::size_t i = 0; i < table.size(); ++i)
    times.push_back((double(i) + 0.5) / 25), values.push_back(&table[i]);
  MotionRows rows = resample_motion(times, values, std::vector<float>(5, 1), 1, 0, 7);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(rows.values[i], table[i], 1e-4);
  EXPECT_EQ(rows.confidence[4], 1);
  EXPECT_EQ(rows.confidence[6], 0);
}

// A straight line stays one whatever the frame times are, and the sound's late start is honoured.
TEST(ResampleMotion, VariableRatesKeepTheClock) {
  std::mt19937 random(2);
  std::uniform_real_distribution<double> step(0.01, 0.09);
  std::vector<double> times{0.02};
  while (times.back() < 4) times.push_back(times.back() + step(random));
  std::vector<float> table(times.begin(), times.end());
  std::vector<const float*> values;
  for (float& v : table) values.push_back(&v);
  double start = 0.333;
  MotionRows rows = resample_motion(times, values, std::vector<float>(times.size(), 0.5F), 1, start, 80);
  for (std::size_t i = 0; i < 80; ++i) {
    EXPECT_NEAR(rows.values[i], start + (double(i) + 0.5) / 25, 1e-4);
    EXPECT_NEAR(rows.confidence[i], 0.5, 1e-5);
  }
}

TEST(ResampleMotion, GapsHaveNoConfidence) {
  float one = 1;
  std::vector<double> times{0.02, 0.06, 0.10, 0.14};
  MotionRows rows = resample_motion(times, {&one, nullptr, nullptr, &one}, {1, 0, 0, 1}, 1, 0.01, 3);
  EXPECT_EQ(rows.values[0], 1);  // one neighbour
  EXPECT_EQ(rows.confidence[1], 0);
  EXPECT_EQ(rows.values[1], 0);
}

class Prepare : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::write_moving_portrait(folder_ / "anna_1.y4m", 6, 2);
    testing::write_moving_portrait(folder_ / "anna_2.y4m", 5, 3);
    testing::write_moving_portrait(folder_ / "bert_1.y4m", 4, 1);
    std::ofstream(folder_ / "broken_1.mp4") << "nothing";
    std::ofstream(folder_ / "notes.txt") << "no video at all";
    options_.inputs = {folder_.path()};
    options_.warn = [this](const std::string& message) { warnings_.push_back(message); };
  }

  ScratchFolder folder_, out_;
  PrepareOptions options_;
  std::vector<std::string> warnings_;
};

TEST_F(Prepare, TracksAreGroupedAndDamagedFilesNamed) {
  options_.group_pattern = "([a-z]+)_";
  TracksOptions every;
  every.every = 1;
  PrepareReport report = prepare_tracks(options_, every, out_ / "tracks.safetensors");
  EXPECT_EQ(report.files, 4U);
  EXPECT_EQ(report.skipped, 1U);
  ASSERT_EQ(warnings_.size(), 1U);
  EXPECT_NE(warnings_[0].find("broken_1"), std::string::npos);
  core::TensorFile file(out_ / "tracks.safetensors");
  EXPECT_EQ(file.meta("kind"), "tracks");
  std::vector<float> clip = file.get("clip").to_floats();
  ASSERT_EQ(clip.size(), report.rows);
  EXPECT_EQ(file.get("landmarks").shape, (std::vector<std::int64_t>{std::int64_t(report.rows), 68, 2}));
  EXPECT_EQ(std::set<float>(clip.begin(), clip.end()).size(), 2U);
  EXPECT_EQ(file.get("size").to_floats()[0], 512);
}

TEST_F(Prepare, CacheIsUsedAgain) {
  options_.cache = out_ / "cache";
  prepare_cache(options_);
  std::size_t files = 0;
  for (auto& entry : fs::directory_iterator(options_.cache))
    files += entry.path().extension() == ".safetensors" ? 1 : 0;
  EXPECT_EQ(files, 3U);  // and the file of locks
  TracksOptions every;
  PrepareReport a = prepare_tracks(options_, every, out_ / "a.safetensors");
  options_.cache.clear();
  PrepareReport b = prepare_tracks(options_, every, out_ / "b.safetensors");
  EXPECT_EQ(a.rows, b.rows);
  core::TensorFile one(out_ / "a.safetensors"), two(out_ / "b.safetensors");
  EXPECT_EQ(one.get("landmarks").to_floats(), two.get("landmarks").to_floats());
}

TEST_F(Prepare, BadPatternsAreUsageErrors) {
  for (const char* pattern : {"(", "no capture", "(two)(captures)"}) {
    options_.group_pattern = pattern;
    try {
      prepare_cache(options_);
      FAIL() << pattern;
    } catch (const core::Error& e) {
      EXPECT_EQ(e.kind(), core::ErrorKind::usage) << pattern;
    }
  }
}

TEST_F(Prepare, NothingUsableIsAnInputErrorAndLeavesNoFile) {
  options_.inputs = {folder_ / "broken_1.mp4"};
  EXPECT_THROW(prepare_tracks(options_, {}, out_ / "none.safetensors"), core::Error);
  EXPECT_TRUE(fs::is_empty(out_.path()));
}

TEST_F(Prepare, FacesHaveTheirMeshInTheCrop) {
  fs::path path = fs::path(RESYNCER_SOURCE_DIR) / "models/face-model.safetensors";
  if (!fs::exists(path)) GTEST_SKIP() << path << " is not there";
  mesh::FaceModel model = mesh::load_face_model(path);
  options_.group_pattern = "([a-z]+)_";
  FacesOptions faces;
  faces.side = 64;
  faces.frames_per_file = 3;
  faces.max_error = 0.1F;
  PrepareReport report = prepare_faces(options_, faces, model, "test", out_ / "faces.safetensors");
  core::TensorFile file(out_ / "faces.safetensors");
  auto n = std::int64_t(report.rows);
  EXPECT_EQ(n, 9);
  EXPECT_EQ(file.meta("side"), "64");
  EXPECT_EQ(file.get("crops").shape, (std::vector<std::int64_t>{n, 64, 64, 3}));
  EXPECT_EQ(file.get("target").shape, (std::vector<std::int64_t>{n, model.control_count(), 3}));
  std::vector<float> target = file.get("target").to_floats();
  for (std::int64_t i = 0; i < n; ++i) {
    const float* lip = target.data() + (i * model.control_count() + 62) * 3;
    EXPECT_GT(lip[0], 16);
    EXPECT_LT(lip[0], 48);
    EXPECT_GT(lip[1], 16);
    EXPECT_LT(lip[1], 48);
  }
  for (float v : file.get("sharpness").to_floats()) EXPECT_GT(v, 0);
}

}  // namespace
}  // namespace resyncer::pipeline
