#include "resyncer/track/face_tracker.h"

#include <gtest/gtest.h>

#include <fstream>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "resyncer/core/error.h"
#include "support/scratch_folder.h"

namespace resyncer::track {
namespace {

constexpr char kModel[] = "/usr/share/dlib/shape_predictor_68_face_landmarks.dat";

class FaceTrackerTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    tracker_ = std::make_unique<FaceTracker>();
    portrait_ =
        cv::imread(std::string(RESYNCER_SOURCE_DIR) + "/tests/data/astronaut.png", cv::IMREAD_GRAYSCALE);
    ASSERT_FALSE(portrait_.empty());
  }
  static void TearDownTestSuite() { tracker_.reset(); }

  static core::ImageU8 image_of(const cv::Mat& mat) {
    core::ImageU8 image(mat.cols, mat.rows, 1);
    mat.copyTo(cv::Mat(mat.rows, mat.cols, CV_8UC1, image.data.data()));
    return image;
  }
  // The portrait turned by degrees about the nose, grown, shifted.
  static cv::Mat moved(double degrees, double grow, double dx, double dy) {
    cv::Mat map = cv::getRotationMatrix2D({225, 115}, degrees, grow), out;
    map.at<double>(0, 2) += dx;
    map.at<double>(1, 2) += dy;
    cv::warpAffine(portrait_, out, map, portrait_.size(), cv::INTER_LINEAR, cv::BORDER_REPLICATE);
    return out;
  }
  static std::vector<core::FaceObservation> push(const cv::Mat& mat) {
    return tracker_->push(image_of(mat), 1);
  }

  void TearDown() override { tracker_->finish(); }

  static std::unique_ptr<FaceTracker> tracker_;
  static cv::Mat portrait_;
};
std::unique_ptr<FaceTracker> FaceTrackerTest::tracker_;
cv::Mat FaceTrackerTest::portrait_;

TEST_F(FaceTrackerTest, FindsThePortrait) {
  auto seen = push(portrait_);
  ASSERT_EQ(seen.size(), 1U);
  const auto& p = seen[0].landmarks;
  EXPECT_GT(seen[0].score, 0.8F);
  EXPECT_TRUE(seen[0].box.contains({225, 115}));
  EXPECT_NEAR(p[30].x(), 225, 15);
  EXPECT_LT(p[36].x(), p[45].x());
  EXPECT_LT(p[41].y(), p[62].y());
  auto tracks = tracker_->finish();
  ASSERT_EQ(tracks.tracks.size(), 1U);  // a still picture is a video of one frame
  EXPECT_EQ(tracks.frame_count, 1);
}

TEST_F(FaceTrackerTest, LandmarksMoveWithThePicture) {
  auto still = push(portrait_);
  tracker_->finish();
  ASSERT_EQ(still.size(), 1U);
  for (int t = 0; t <= 20; ++t) {
    double degrees = 0.8 * t, grow = 1 + 0.01 * t;
    auto seen = push(moved(degrees, grow, 2.0 * t, 1.0 * t));
    ASSERT_EQ(seen.size(), 1U) << t;
    cv::Mat map = cv::getRotationMatrix2D({225, 115}, degrees, grow);
    float error = 0;
    for (int i = 0; i < core::kLandmarks; ++i) {
      const auto& p = still[0].landmarks[i];
      core::Point2 q(
          float(map.at<double>(0, 0) * p.x() + map.at<double>(0, 1) * p.y() + map.at<double>(0, 2) + 2.0 * t),
          float(map.at<double>(1, 0) * p.x() + map.at<double>(1, 1) * p.y() + map.at<double>(1, 2) +
                1.0 * t));
      error += (q - seen[0].landmarks[i]).norm() / core::kLandmarks;
    }
    EXPECT_LT(error, 0.04F * core::inter_ocular_distance(seen[0].landmarks)) << t;
  }
  auto tracks = tracker_->finish();
  ASSERT_EQ(tracks.tracks.size(), 1U);
  EXPECT_EQ(tracks.tracks[0].frames.size(), 21U);
}

TEST_F(FaceTrackerTest, ScaleGivesFullResolutionPixels) {
  cv::Mat half;
  cv::resize(portrait_, half, {}, 0.5, 0.5, cv::INTER_AREA);
  auto full = push(portrait_);
  tracker_->finish();
  auto seen = tracker_->push(image_of(half), 0.5F);
  ASSERT_EQ(full.size(), 1U);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_LT((full[0].landmarks[30] - seen[0].landmarks[30]).norm(), 5);
}

TEST_F(FaceTrackerTest, ACoveredMouthIsNotAFaceToRepaint) {
  for (int t = 0; t < 5; ++t) ASSERT_EQ(push(portrait_).size(), 1U);
  auto box = push(portrait_).at(0).box;
  cv::Mat covered = portrait_.clone();
  covered(cv::Rect(box.left - 5, box.top + box.height() / 2, box.width() + 10, box.height() * 2 / 3))
      .setTo(120);
  for (int t = 0; t < 6; ++t) EXPECT_TRUE(push(covered).empty()) << t;
  EXPECT_EQ(push(portrait_).size(), 1U);
  for (int t = 0; t < 3; ++t) push(portrait_);
  auto tracks = tracker_->finish();
  ASSERT_EQ(tracks.tracks.size(), 1U);  // she is the same afterwards
  EXPECT_FALSE(tracks.tracks[0].frames[8]);
  EXPECT_TRUE(tracks.tracks[0].frames[13]);
}

TEST_F(FaceTrackerTest, AFaceThatLeavesIsGoneAtOnce) {
  for (int t = 0; t < 4; ++t) ASSERT_EQ(push(portrait_).size(), 1U);
  cv::Mat empty = portrait_.clone();
  empty(cv::Rect(120, 0, 220, 260)).setTo(100);
  for (int t = 0; t < 25; ++t) EXPECT_TRUE(push(empty).empty()) << t;
}

TEST_F(FaceTrackerTest, AFaceMayTouchTheEdge) {
  auto box = push(portrait_).at(0).box;
  tracker_->finish();
  cv::Mat cropped = portrait_(cv::Rect(box.left, box.top, 280, 280)).clone();
  auto seen = push(cropped);
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_GT(seen[0].score, 0.3F);
}

TEST_F(FaceTrackerTest, TwoFacesKeepTheirIdentities) {
  cv::Mat mirrored, large, both(512, 900, CV_8UC1);
  cv::flip(portrait_, mirrored, 1);
  cv::resize(mirrored(cv::Rect(180, 0, 230, 280)), large, {}, 1.4, 1.4, cv::INTER_LINEAR);
  for (int t = 0; t < 24; ++t) {
    both.setTo(90);
    portrait_.copyTo(both(cv::Rect(t / 2, 0, 512, 512)));
    large.copyTo(both(cv::Rect(540 + t, 40, large.cols, large.rows)));
    EXPECT_EQ(push(both).size(), 2U) << t;
  }
  auto tracks = tracker_->finish();
  ASSERT_EQ(tracks.tracks.size(), 2U);
  EXPECT_EQ(tracks.tracks[0].id, 0);
  EXPECT_GT(tracks.tracks[0].frames[0]->box.width(), tracks.tracks[1].frames[0]->box.width());
  for (const auto& track : tracks.tracks) EXPECT_EQ(track.frames.size(), 24U);
}

TEST_F(FaceTrackerTest, ACutStartsANewShot) {
  cv::Mat mirrored, other;
  cv::flip(portrait_, mirrored, 1);
  cv::resize(mirrored(cv::Rect(130, 0, 300, 300)), other, portrait_.size());
  for (int t = 0; t < 10; ++t) push(portrait_);
  for (int t = 0; t < 10; ++t) push(other);
  auto tracks = tracker_->finish();
  EXPECT_EQ(tracks.shot_starts, (std::vector<std::int64_t>{0, 10}));
  ASSERT_EQ(tracks.tracks.size(), 2U);
  EXPECT_EQ(tracks.tracks[0].shot + tracks.tracks[1].shot, 1);
  EXPECT_EQ(choose(tracks, {}).size(), 2U);
}

TEST_F(FaceTrackerTest, TheSameFramesGiveTheSameTracks) {
  auto once = [&] {
    for (int t = 0; t < 12; ++t) push(moved(t, 1, 3 * t, 0));
    return tracker_->finish();
  };
  auto a = once(), b = once();
  ASSERT_EQ(a.tracks.size(), b.tracks.size());
  for (std::size_t t = 0; t < a.tracks[0].frames.size(); ++t)
    EXPECT_EQ(a.tracks[0].frames[t]->landmarks, b.tracks[0].frames[t]->landmarks);
}

TEST_F(FaceTrackerTest, SearchingAheadChangesNothing) {
  cv::Mat empty(portrait_.size(), CV_8UC1, cv::Scalar(90));
  FaceSearch search{TrackerOptions()};
  int searched = 0;
  auto once = [&](bool ahead) {
    for (int t = 0; t < 26; ++t) {  // comes after a while, stays, is lost, comes back
      const core::ImageU8 image = image_of(t < 3 || (t > 12 && t < 17) ? empty : moved(t, 1, 3 * t, 0));
      std::optional<std::vector<Detection>> found;
      if (ahead && search.is_due(t)) found = search.search(image), searched += found->empty() ? 0 : 1;
      tracker_->push(image, 1, found ? &*found : nullptr);
    }
    return tracker_->finish();
  };
  const FaceTracks plain = once(false), ahead = once(true);
  EXPECT_GT(searched, 0);
  EXPECT_EQ(plain.shot_starts, ahead.shot_starts);
  ASSERT_EQ(plain.tracks.size(), ahead.tracks.size());
  ASSERT_FALSE(plain.tracks.empty());
  for (std::size_t k = 0; k < plain.tracks.size(); ++k) {
    ASSERT_EQ(plain.tracks[k].raw.size(), ahead.tracks[k].raw.size());
    for (std::size_t t = 0; t < plain.tracks[k].raw.size(); ++t) {
      ASSERT_EQ(plain.tracks[k].raw[t].has_value(), ahead.tracks[k].raw[t].has_value());
      if (!plain.tracks[k].raw[t]) continue;
      EXPECT_EQ(plain.tracks[k].raw[t]->landmarks, ahead.tracks[k].raw[t]->landmarks);
    }
  }
}

TEST_F(FaceTrackerTest, PicturesWithoutAFaceAreNoError) {
  for (int side : {1, 3, 40, 300}) {
    cv::Mat noise(side, side * 2, CV_8UC1);
    cv::randu(noise, 0, 255);
    EXPECT_TRUE(push(noise).empty()) << side;
  }
  auto tracks = tracker_->finish();
  EXPECT_TRUE(tracks.tracks.empty());
  EXPECT_EQ(tracks.frame_count, 4);
  EXPECT_EQ(tracker_->finish().frame_count, 0);
}

core::ErrorKind kind_of_failure(const std::filesystem::path& path) {
  TrackerOptions options;
  options.landmark_model = path;
  try {
    FaceTracker tracker(options);
  } catch (const core::Error& e) {
    EXPECT_NE(std::string(e.what()).find(path.filename().string()), std::string::npos) << e.what();
    return e.kind();
  }
  return core::ErrorKind::internal;
}

TEST(LandmarkModel, DamagedFilesAreNamed) {
  support::ScratchFolder folder;
  EXPECT_EQ(kind_of_failure(folder / "missing.dat"), core::ErrorKind::model);
  EXPECT_EQ(kind_of_failure(folder.path()), core::ErrorKind::model);

  std::ifstream in(kModel, std::ios::binary);
  std::string head(200000, '\0');
  ASSERT_TRUE(in.read(head.data(), std::streamsize(head.size())));
  auto write = [&](const std::string& name, const std::string& bytes) {
    std::ofstream(folder / name, std::ios::binary) << bytes;
    return folder / name;
  };
  for (std::size_t size : {0U, 1U, 2U, 7U, 500U, 200000U})
    EXPECT_EQ(kind_of_failure(write("short.dat", head.substr(0, size))), core::ErrorKind::model) << size;
  EXPECT_EQ(kind_of_failure(write("text.dat", std::string(5000, 'x'))), core::ErrorKind::model);
  // Every byte of the front damaged in turn: counts, extents, signs. The file ends early, so none may load.
  for (std::size_t at = 0; at < 1500; at += 3) {
    std::string damaged = head.substr(0, 20000);
    damaged[at] = char(damaged[at] ^ 0x8F);
    EXPECT_EQ(kind_of_failure(write("damaged.dat", damaged)), core::ErrorKind::model) << at;
  }
}

TEST(AnalysisScale, NeverEnlargesAndCapsTheLongSide) {
  EXPECT_FLOAT_EQ(analysis_scale(576, 768), 1.F);
  EXPECT_FLOAT_EQ(analysis_scale(1, 1), 1.F);
  EXPECT_NEAR(analysis_scale(1920, 1080) * 1920, 1280, 0.5);
  EXPECT_NEAR(analysis_scale(2160, 3840) * 3840, 1280, 0.5);
}

}  // namespace
}  // namespace resyncer::track
