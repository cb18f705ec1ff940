#include "resyncer/pipeline/analysis.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "resyncer/core/error.h"
#include "support/scratch_folder.h"
#include "talking_video.h"

namespace resyncer::pipeline {
namespace {

using support::ScratchFolder;
using testing::schematic_face;

core::ImageU8 noise(int width, int height) {
  core::ImageU8 image(width, height, 3);
  std::mt19937 random(5);
  for (auto& v : image.data) v = std::uint8_t(random() % 256);
  return image;
}

double mean(const core::ImageU8& image) {
  return std::accumulate(image.data.begin(), image.data.end(), 0.0) / double(image.data.size());
}

TEST(Usability, FadesWithinTheShotOnly) {
  //                        shot 0                          shot 1
  std::vector<bool> usable{true, true, true, false, true, true, true, true};
  std::vector<float> w = usability_weights(usable, {0, 6}, 2);
  float third = 1.F / 3;
  std::vector<float> expected{1, 2 * third, third, 0, third, 2 * third, 1, 1};
  ASSERT_EQ(w.size(), expected.size());
  for (std::size_t i = 0; i < w.size(); ++i) EXPECT_NEAR(w[i], expected[i], 1e-6) << i;
}

TEST(Usability, NothingUsableIsAllZero) {
  for (float w : usability_weights(std::vector<bool>(7, false), {0}, 5)) EXPECT_EQ(w, 0);
  EXPECT_TRUE(usability_weights({}, {0}, 5).empty());
}

TEST(Analysis, CentreOfAFrameFollowsItsOwnLength) {
  Analysis a;
  a.time_base = {1, 10};
  a.pts = {0, 1, 5, 6};
  EXPECT_DOUBLE_EQ(a.centre_seconds(0), 0.05);
  EXPECT_DOUBLE_EQ(a.centre_seconds(1), 0.3);
  EXPECT_DOUBLE_EQ(a.centre_seconds(3), 0.65);
}

TEST(FaceShape, IgnoresPlaceAndSizeButSeesTheMouth) {
  FaceShape small = face_shape(schematic_face({50, 40}, 60, 0.1F));
  FaceShape large = face_shape(schematic_face({400, 300}, 180, 0.1F));
  FaceShape open = face_shape(schematic_face({50, 40}, 60, 0.3F));
  for (std::size_t i = 0; i < small.size(); ++i) EXPECT_NEAR(small[i], large[i], 1e-3);
  EXPECT_GT(open[0], small[0] + 0.1F);
}

TEST(Resample, IdentityIsExactAndReductionKeepsTheMean) {
  core::ImageU8 source = noise(64, 48), out;
  resample(source, core::Affine2::Identity(), 64, 48, &out);
  EXPECT_EQ(out.data, source.data);
  core::Affine2 quarter(Eigen::Scaling(0.25F));
  resample(source, quarter, 16, 12, &out);
  EXPECT_NEAR(mean(out), mean(source), 0.6);
  // Noise averaged over 4 x 4 pixels: its spread falls by about four; point sampling would keep it.
  double squares = 0;
  for (auto v : out.data) squares += (v - mean(out)) * (v - mean(out));
  EXPECT_LT(std::sqrt(squares / double(out.data.size())), 30);
}

TEST(Sharpness, FallsWithBlurAndIsZeroOutside) {
  core::ImageU8 sharp = noise(200, 200), small, blurred;
  core::Affine2 half(Eigen::Scaling(0.5F)), twice(Eigen::Scaling(2.F));
  resample(sharp, half, 100, 100, &small);
  resample(small, twice, 200, 200, &blurred);
  core::Landmarks face = schematic_face({100, 60}, 80, 0.1F);
  EXPECT_GT(mouth_sharpness(sharp, face), 4 * mouth_sharpness(blurred, face));
  EXPECT_EQ(mouth_sharpness(sharp, schematic_face({-900, -900}, 80, 0.1F)), 0);
}

// Any picture will do for the pixels; the faces are told to the bank.
TEST(ReferenceBank, IsBoundedAndCoversTheRangeOfMouths) {
  media::VideoReader reader(testing::portrait());
  media::VideoFrame picture = *reader.read();
  core::ImageU8 gray;
  media::to_gray(picture, reader.upright_from_stored(), 1, &gray);
  BankOptions options;
  options.entries_per_face = 12;
  options.entries = 16;
  options.max_side = 64;
  ReferenceBank bank(options);
  std::mt19937 random(3);
  std::uniform_real_distribution<float> open(0, 0.4F);
  std::vector<float> told;
  for (int i = 0; i < 300; ++i) {
    core::FaceObservation a, b;
    told.push_back(open(random));
    a.landmarks = schematic_face({120, 100}, 80, told.back());
    a.box = {60, 60, 180, 220};
    b.landmarks = schematic_face({380, 100}, 80, open(random));
    b.box = {320, 60, 440, 220};
    bank.push(i, picture, reader.upright_from_stored(), gray, 1, {a, b});
  }
  std::vector<BankFrame> entries = bank.finish();
  EXPECT_LE(entries.size(), 16U);
  EXPECT_GE(entries.size(), 6U);
  float lowest = 1, highest = 0;
  for (const BankFrame& entry : entries) {
    EXPECT_LE(entry.image.width, 64);
    EXPECT_EQ(entry.image.width, entry.image.height);
    EXPECT_LT(entry.scale, 1);
    if (entry.landmarks[30].x() > 250) continue;
    float unit = core::inter_ocular_distance(entry.landmarks);
    float height = (entry.landmarks[62] - entry.landmarks[66]).norm() / unit;
    lowest = std::min(lowest, height), highest = std::max(highest, height);
    // The crop holds the mouth, and the entry's numbers belong to its frame.
    core::Point2 mouth = (entry.landmarks[62] - entry.origin) * entry.scale;
    EXPECT_NEAR(mouth.x(), 32, 2);
    EXPECT_EQ(
        (entry.landmarks[62] - schematic_face({120, 100}, 80, told[std::size_t(entry.frame)])[62]).norm(), 0);
  }
  EXPECT_LT(lowest, 0.1F);
  EXPECT_GT(highest, 0.3F);
}

TEST(ReferenceBank, AFaceThatHardlyMovesHasSparesEvenInTime) {
  media::VideoReader reader(testing::portrait());
  media::VideoFrame picture = *reader.read();
  core::ImageU8 gray;
  media::to_gray(picture, reader.upright_from_stored(), 1, &gray);
  core::FaceObservation seen;
  seen.box = {60, 60, 180, 220};
  auto entries = [&](int frames, float range, int limit) {
    BankOptions options;
    options.entries = limit;
    options.max_side = 64;
    ReferenceBank bank(options);
    for (int i = 0; i < frames; ++i) {
      seen.landmarks = schematic_face({120, 100}, 80, range * float(i % 60) / 60);
      bank.push(i, picture, reader.upright_from_stored(), gray, 1, {seen});
    }
    return bank.finish();
  };
  const std::vector<BankFrame> still = entries(500, 0, 128);
  ASSERT_GE(still.size(), 9U);
  EXPECT_LE(still.size(), 17U);
  std::int64_t widest = 0;
  for (std::size_t i = 1; i < still.size(); ++i) {
    EXPECT_GT(still[i].frame, still[i - 1].frame);
    widest = std::max(widest, still[i].frame - still[i - 1].frame);
  }
  EXPECT_LE(widest, 64);
  EXPECT_GT(still.back().frame, 400);
  EXPECT_LE(entries(500, 0, 8).size(), 8U);
  // A face that moves has entries enough, and no spares: none are nearer to each other than entries may be.
  const std::vector<BankFrame> moving = entries(500, 0.6F, 128);
  ASSERT_GE(moving.size(), 16U);
  std::vector<float> shapes;
  for (const BankFrame& entry : moving) shapes.push_back(face_shape(entry.landmarks)[0]);
  std::sort(shapes.begin(), shapes.end());
  for (std::size_t i = 1; i < shapes.size(); ++i) EXPECT_GT(shapes[i] - shapes[i - 1], 0.002F);
}

TEST(Analysis, ThreadsGiveTheSameResult) {
  ScratchFolder folder;
  testing::write_moving_portrait(folder / "moving.y4m", 12, 3);
  AnalysisOptions alone;
  alone.threads = 1;
  Analysis a = analyse(folder / "moving.y4m", alone);
  std::int64_t last = 0;
  Analysis b = analyse(folder / "moving.y4m", {}, [&](const JobProgress& p) { last = p.done; });
  EXPECT_EQ(last, 12);
  ASSERT_EQ(a.frame_count(), 12);
  EXPECT_EQ(a.pts, b.pts);
  EXPECT_EQ(a.tracks.shot_starts, std::vector<std::int64_t>{0});
  ASSERT_FALSE(a.tracks.tracks.empty());
  ASSERT_EQ(a.tracks.tracks.size(), b.tracks.tracks.size());
  ASSERT_EQ(a.bank.size(), b.bank.size());
  ASSERT_FALSE(a.bank.empty());
  EXPECT_EQ(a.bank[0].image.data, b.bank[0].image.data);
  const track::FaceTrack& face = a.tracks.tracks[0];
  ASSERT_TRUE(face.frames.front() && face.frames.back());
  float moved = face.frames.back()->landmarks[33].x() - face.frames.front()->landmarks[33].x();
  EXPECT_NEAR(moved, 3.F * float(face.frames.size() - 1), 2);
  for (std::size_t i = 0; i < face.frames.size(); ++i)
    EXPECT_EQ(face.frames[i]->landmarks[33], b.tracks.tracks[0].frames[i]->landmarks[33]);
}

TEST(Analysis, UnreadableVideoIsAnInputError) {
  ScratchFolder folder;
  std::ofstream(folder / "bad.mp4") << "no video";
  for (int threads : {1, 2}) {
    AnalysisOptions options;
    options.threads = threads;
    try {
      analyse(folder / "bad.mp4", options);
      FAIL();
    } catch (const core::Error& e) {
      EXPECT_EQ(e.kind(), core::ErrorKind::input);
    }
  }
}

// Needs the trained face model, which is committed with the weights.
class Fitting : public ::testing::Test {
 protected:
  void SetUp() override {
    auto path = std::filesystem::path(RESYNCER_SOURCE_DIR) / "models/face-model.safetensors";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
    model_ = mesh::load_face_model(path);
  }

  // A video of one shot in which the model nods and opens its mouth; frames 8 and 9 show nothing.
  Analysis moving_head(int width, int height, float extra_yaw) const {
    Analysis a;
    a.width = width;
    a.height = height;
    mesh::Camera camera{1.4F * 480, float(width) / 2, float(height) / 2};
    Eigen::VectorXf id = Eigen::VectorXf::Zero(model_.identity_count());
    id[0] = 1, id[1] = -0.7F;
    track::FaceTrack face;
    for (int i = 0; i < 20; ++i) {
      a.pts.push_back(i);
      float yaw = 0.15F * std::sin(0.3F * float(i)) + extra_yaw;
      mesh::FaceParams params;
      params.expression = 0.5F * (1 + std::sin(0.5F * float(i))) * model_.wide_open;
      params.camera_from_head.linear() =
          Eigen::AngleAxisf(yaw, Eigen::Vector3f::UnitY()) * Eigen::Vector3f(1, -1, -1).asDiagonal();
      params.camera_from_head.translation() = Eigen::Vector3f(0.1F * float(i), 0, 60);
      mesh::Vertices v = mesh::project(mesh::control_vertices(model_, id, params.expression),
                                       params.camera_from_head, camera);
      core::FaceObservation seen;
      for (std::size_t k = 0; k < seen.landmarks.size(); ++k)
        seen.landmarks[k] = v.row(Eigen::Index(k)).head<2>().transpose();
      seen.box = {width / 4, height / 4, 3 * width / 4, 3 * height / 4};
      seen.score = 0.9F;
      face.frames.push_back(i == 8 || i == 9 ? std::nullopt : std::optional(seen));
    }
    face.raw = face.frames;
    a.tracks.frame_count = 20;
    a.tracks.shot_starts = {0};
    a.tracks.tracks.push_back(std::move(face));
    return a;
  }

  mesh::FaceModel model_;
};

TEST_F(Fitting, FindsThePoseAndFadesRoundTheGap) {
  Analysis a = moving_head(640, 480, 0);
  FittedFace face = fit(a, model_);
  ASSERT_EQ(face.frames.size(), 20U);
  EXPECT_LT(face.reprojection_error, 0.02F);
  EXPECT_FALSE(face.frames[8].has_value());
  EXPECT_EQ(face.weight[8], 0);
  EXPECT_EQ(face.smoothed(a, 8), nullptr);
  EXPECT_NEAR(face.weight[7], 1.F / 6, 1e-5);
  EXPECT_EQ(face.weight[0], 1);
  EXPECT_EQ(face.weight[19], 1);
}

TEST_F(Fitting, PicturesOfSeveralSizesShareTheIdentity) {
  Analysis a = moving_head(640, 480, 0.1F), b = moving_head(500, 700, -0.1F), empty;
  empty.width = empty.height = 100;
  empty.pts = {0};
  empty.tracks.frame_count = 1;
  empty.tracks.shot_starts = {0};
  std::vector<FittedFace> faces = fit_together({&a, &empty, &b}, model_);
  ASSERT_EQ(faces.size(), 3U);
  EXPECT_EQ(faces[0].identity, faces[2].identity);
  EXPECT_EQ(faces[0].camera.center_x, 320);
  EXPECT_EQ(faces[2].camera.center_x, 250);
  EXPECT_EQ(faces[2].camera.center_y, 350);
  EXPECT_FALSE(faces[1].frames[0].has_value());
  const core::FaceObservation* seen = faces[2].smoothed(b, 3);
  ASSERT_TRUE(seen != nullptr && faces[2].frames[3]);
  mesh::Vertices v =
      mesh::project(mesh::control_vertices(model_, faces[2].identity, faces[2].frames[3]->expression),
                    faces[2].frames[3]->camera_from_head, faces[2].camera);
  EXPECT_LT((v.row(30).head<2>().transpose() - seen->landmarks[30]).norm(),
            0.05F * core::inter_ocular_distance(seen->landmarks));
}

TEST_F(Fitting, ReferencesLieInTheirPictures) {
  Analysis a = moving_head(640, 480, 0);
  const core::FaceObservation& seen = *a.tracks.tracks[0].frames[4];
  BankFrame entry;
  entry.frame = 4;
  entry.landmarks = seen.landmarks;
  entry.origin = {100, 60};
  entry.scale = 0.5F;
  entry.image = core::ImageU8(200, 200, 3, 9);
  a.bank = {entry, entry};
  a.bank[1].frame = 9;  // no face there
  FittedFace face = fit(a, model_);
  References references = take_references(&a, face, model_);
  ASSERT_EQ(references.references.size(), 1U);
  ASSERT_EQ(references.entries.size(), 1U);
  EXPECT_TRUE(a.bank.empty());
  core::Point2 nose = 0.5F * (seen.landmarks[30] - core::Point2(100, 60));
  EXPECT_LT((references.references[0].dense.row(30).head<2>().transpose() - nose).norm(), 4);
  EXPECT_EQ(references.references[0].image.width, 200);
}

TEST_F(Fitting, PicturesOfOthersCanBeKept) {
  Analysis a = moving_head(640, 480, 0);
  BankFrame own, other;
  own.frame = other.frame = 4;
  own.landmarks = other.landmarks = a.tracks.tracks[0].frames[4]->landmarks;
  for (core::Point2& p : other.landmarks) p += core::Point2(300, 0);
  own.image = other.image = core::ImageU8(200, 200, 3, 9);
  a.bank = {other, own, other};
  EXPECT_EQ(take_references(&a, fit(a, model_), model_, OtherPictures::kept).entries.size(), 1U);
  ASSERT_EQ(a.bank.size(), 2U);
  for (const BankFrame& entry : a.bank) EXPECT_EQ(entry.landmarks[30], other.landmarks[30]);
}

TEST_F(Fitting, MouthsOfReferencesFollowTheirPicturesAlone) {
  Analysis a = moving_head(640, 480, 0);
  a.time_base = {1, 1};  // pictures a second apart, so that each may be held against the others
  std::vector<std::int64_t> shown;
  for (std::int64_t frame = 0; frame < 20; ++frame) {
    const auto& seen = a.tracks.tracks[0].frames[std::size_t(frame)];
    BankFrame entry;
    entry.frame = frame;
    if (seen) entry.landmarks = seen->landmarks, shown.push_back(frame);
    entry.image = core::ImageU8(640, 480, 3, 120);
    a.bank.push_back(entry);
  }
  Analysis striped = a;
  for (BankFrame& entry : striped.bank)
    for (int y = 0; y < 480; ++y)
      for (int x = 0; x < 640 * 3; ++x) entry.image.row(y)[x] = std::uint8_t(120 + 60 * ((y / 6) % 2));
  const FittedFace face = fit(a, model_);
  const References flat = take_references(&a, face, model_), lines = take_references(&striped, face, model_);
  ASSERT_EQ(flat.entries.size(), shown.size());
  ASSERT_EQ(lines.entries.size(), shown.size());
  float moved = 0;
  for (std::size_t k = 0; k < shown.size(); ++k) {
    const Eigen::VectorXf& fitted = face.frames[std::size_t(shown[k])]->expression;
    EXPECT_EQ(flat.entries[k].expression, fitted);  // nothing to be seen: the landmarks' answer
    moved += (lines.entries[k].expression - fitted).norm();
  }
  EXPECT_GT(moved, 0.01F);
}

TEST_F(Fitting, NobodyIsAFaceError) {
  Analysis a = moving_head(640, 480, 0);
  a.tracks.tracks.clear();
  try {
    fit(a, model_);
    FAIL();
  } catch (const core::Error& e) {
    EXPECT_EQ(e.kind(), core::ErrorKind::face);
  }
}

}  // namespace
}  // namespace resyncer::pipeline
