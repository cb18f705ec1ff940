#include "resyncer/motion/motion_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>

#include "motion/known_lips.h"
#include "resyncer/core/error.h"
#include "support/scratch_folder.h"

namespace resyncer::motion {
namespace {

namespace fs = std::filesystem;

std::string bytes_of(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string refusal(const std::function<void()>& read) {
  try {
    read();
    return "";
  } catch (const core::Error& error) {
    EXPECT_EQ(error.kind(), core::ErrorKind::input);
    return error.what();
  }
}

class MotionFile : public ::testing::Test {
 protected:
  MotionFile() {
    motion.face_model = std::string(64, 'a');
    motion.rate = 30000.0 / 1001;
    motion.rest = mouth_with(0, 1);
    motion.expression.resize(12, motion.rest.size());
    for (Eigen::Index i = 0; i < 12; ++i)
      motion.expression.row(i) = mouth_with(float(i) / 12, unsigned(i)).transpose();
    motion.expression(0, 0) = 1.0F / 3;
    motion.expression(1, 1) = 1e-38F;
    motion.expression(2, 2) = -49.9999962F;
    write_motion(path, motion);
    text = bytes_of(path);
  }
  MotionShape shape() const { return {motion.face_model, 12, motion.rest.size()}; }
  std::string refused(const std::string& content) {
    std::ofstream(path, std::ios::binary) << content;
    return refusal([&] { read_motion(path, shape()); });
  }
  std::string refused(const std::string& part, const std::string& instead) {
    std::string changed = text;
    const std::size_t at = changed.find(part);
    EXPECT_NE(at, std::string::npos) << part;
    return refused(changed.replace(at, part.size(), instead));
  }

  support::ScratchFolder folder;
  fs::path path = folder / "take.json";
  Motion motion;
  std::string text;
};

TEST_F(MotionFile, ReadsWhatWasWrittenToTheBit) {
  const Motion read = read_motion(path, shape());
  EXPECT_EQ(read.expression, motion.expression);
  EXPECT_EQ(read.rest, motion.rest);
  EXPECT_NEAR(read.rate, motion.rate, 1e-6);
  write_motion(folder / "again.json", read);
  EXPECT_EQ(bytes_of(folder / "again.json"), text);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 9 + 12) << "one row a line";
}

TEST_F(MotionFile, OfAnotherVideoOrFaceModelIsRefused) {
  MotionShape other = shape();
  other.rows = 11;
  EXPECT_NE(refusal([&] { read_motion(path, other); }).find("more rows than the video has frames (11)"),
            std::string::npos);
  other.rows = 13;
  EXPECT_NE(refusal([&] { read_motion(path, other); }).find("it has 12 rows, the video 13 frames"),
            std::string::npos);
  other = shape();
  other.face_model[3] = 'b';
  EXPECT_NE(refusal([&] { read_motion(path, other); }).find("another face model"), std::string::npos);
  other = shape();
  other.coefficients = 7;
  EXPECT_NE(refusal([&] { read_motion(path, other); }).find("more than 7 numbers"), std::string::npos);
}

TEST_F(MotionFile, DamagedIsRefused) {
  EXPECT_NE(refused(text.substr(0, text.size() / 2)).find("no JSON"), std::string::npos);
  EXPECT_NE(refused("").find("no JSON"), std::string::npos);
  EXPECT_NE(refused("0.333333343", "NaN").find("no JSON"), std::string::npos);
  EXPECT_NE(refused("0.333333343", "1e999").find("no JSON"), std::string::npos);
  EXPECT_NE(refused("0.333333343", "1e30").find("row 0 holds a number"), std::string::npos);
  EXPECT_NE(refused("0.333333343", "\"1\"").find("'expression' is not"), std::string::npos);
  EXPECT_NE(refused("0.333333343", "[1]").find("'expression' is not"), std::string::npos);
  EXPECT_NE(refused("0.333333343, ", "").find("row 0 has 23 numbers"), std::string::npos);
  EXPECT_NE(refused("0.333333343", "0, 0").find("row 0 has more than 24"), std::string::npos);
  EXPECT_NE(refused("\"rest\"", "\"kind\"").find("'kind' stands twice"), std::string::npos);
  EXPECT_NE(refused("\"rest\": [", "\"rest\": [[").find("'rest' is not"), std::string::npos);
  EXPECT_NE(refused("\"rest\"", "\"pose\"").find("'pose' is not"), std::string::npos);
  EXPECT_NE(refused("\"version\": 1", "\"version\": 2").find("version"), std::string::npos);
  EXPECT_NE(refused("resyncer-motion", "analysis").find("no motion"), std::string::npos);
  EXPECT_NE(refused("{\"kind\": \"resyncer-motion\"}").find("there is no 'version'"), std::string::npos);
  for (const char* content : {"[]", "7", "[[[[", "{}", "null", "{\"kind\": {}}"})
    EXPECT_NE(refused(content), "") << content;
  EXPECT_NE(refused(text + std::string(1 << 20, ' ')).find("too large for 12 frames"), std::string::npos);
  EXPECT_NE(refusal([&] { read_motion(folder.path(), shape()); }), "");
}

TEST_F(MotionFile, ThatCannotBeWrittenLeavesNothing) {
  EXPECT_THROW(write_motion(folder / "no" / "take.json", motion), core::Error);
  EXPECT_FALSE(fs::exists(folder / "no"));
}

class PointCache : public MotionFile {
 protected:
  PointCache() {
    motion.expression.row(2).setZero();
    write_point_cache(cache, face_model(), identity, motion.expression);
    bytes = bytes_of(cache);
  }
  PointCacheMotion read(Eigen::Index rows = 12) {
    return read_point_cache(cache, face_model(), identity, rows);
  }
  std::string refused_with(const std::string& content) {
    std::ofstream(cache, std::ios::binary) << content;
    return refusal([&] { read(); });
  }
  float* vertex(std::size_t sample, std::size_t index) {
    return reinterpret_cast<float*>(bytes.data() + 32) +
           3 * (sample * std::size_t(face_model().control_count()) + index);
  }

  fs::path cache = folder / "take.pc2";
  Eigen::VectorXf identity = somebody(4);
  std::string bytes;
};

TEST_F(PointCache, ReadsWhatWasWrittenToFloatError) {
  const PointCacheMotion motion_read = read();
  EXPECT_LT((motion_read.expression - motion.expression).cwiseAbs().maxCoeff(), 1e-4F);
  EXPECT_LT(motion_read.misfit, 1e-4F);
}

TEST_F(PointCache, StandsOnTheFaceOfItsObj) {
  std::ifstream obj(folder / "take.obj");
  int vertices = 0, faces = 0, highest = 0;
  float furthest = 0;
  for (std::string word; obj >> word;) {
    if (word == "v") {
      float x = 0, y = 0, z = 0;
      obj >> x >> y >> z;
      const float* rest = vertex(2, std::size_t(vertices++));
      furthest = std::max({furthest, std::abs(x - rest[0]), std::abs(y - rest[1]), std::abs(z - rest[2])});
    } else if (word == "f") {
      ++faces;
      for (int i = 0, v = 0; i < 3; ++i) obj >> v, highest = std::max(highest, v);
    }
  }
  EXPECT_EQ(vertices, face_model().control_count());
  EXPECT_EQ(furthest, 0) << "sample 2 is the face at rest";
  EXPECT_EQ(highest, vertices);
  EXPECT_LT(faces, int(face_model().cage.size())) << "the mouth is open";
  EXPECT_GT(faces, int(face_model().cage.size()) * 9 / 10);
}

TEST_F(PointCache, WhatNoMouthCanDoIsLeftOut) {
  const float before = vertex(5, 66)[1];
  vertex(5, 66)[1] -= 0.5F;  // one lip landmark drawn down by 5 mm
  std::ofstream(cache, std::ios::binary) << bytes;
  const PointCacheMotion corrected = read();
  EXPECT_GT(corrected.misfit, 0.05F);
  EXPECT_LT((corrected.expression.topRows(5) - motion.expression.topRows(5)).cwiseAbs().maxCoeff(), 1e-4F);
  Eigen::VectorXf whole = Eigen::VectorXf::Zero(face_model().expression_count());
  whole.head(24) = corrected.expression.row(5).transpose();
  EXPECT_LT(mesh::control_vertices(face_model(), identity, whole)(66, 1), before - 0.05F)
      << "the lip follows";
}

TEST_F(PointCache, DamagedOrOfAnotherFaceIsRefused) {
  EXPECT_NE(refusal([&] { read(13); }).find("it has 12 samples, the video 13 frames"), std::string::npos);
  EXPECT_NE(refused_with(bytes.substr(0, bytes.size() - 1)).find("its size is not what it says"),
            std::string::npos);
  EXPECT_NE(refused_with(bytes.substr(0, 31)).find("no point cache"), std::string::npos);
  EXPECT_NE(refused_with("").find("no point cache"), std::string::npos);
  EXPECT_NE(refused_with("X" + bytes.substr(1)).find("no point cache"), std::string::npos);
  std::string other = bytes;
  other[16] = 126;
  EXPECT_NE(refused_with(other).find("126 vertices, the face 127"), std::string::npos);
  other = bytes;
  std::memset(other.data() + 28, 0xFF, 4);
  EXPECT_NE(refused_with(other).find("-1 samples"), std::string::npos);
  const std::string whole = bytes;
  vertex(3, 10)[2] = NAN;
  EXPECT_NE(refused_with(bytes).find("sample 3 holds coordinates"), std::string::npos);
  bytes = whole;
  for (std::size_t v = 0; v < 127; ++v) vertex(0, v)[0] *= 10;
  EXPECT_NE(refused_with(bytes).find("sample 0"), std::string::npos) << "other units";
  bytes = whole;
  for (std::size_t v = 0; v < 127; ++v) vertex(4, v)[2] += 3;
  EXPECT_NE(refused_with(bytes).find("sample 4 is not of this face"), std::string::npos)
      << "a head that moves";
}

}  // namespace
}  // namespace resyncer::motion
