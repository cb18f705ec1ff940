#include "resyncer/mesh/fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "mesh/random_face.h"
#include "resyncer/core/error.h"

namespace resyncer::mesh {
namespace {

const FaceModel& committed_model() {
  static const FaceModel model = load_face_model(RESYNCER_SOURCE_DIR "/models/face-model.safetensors");
  return model;
}

const Camera kCamera{960, kFrameWidth / 2.F, kFrameHeight / 2.F};

struct KnownClip {
  Eigen::VectorXf identity;
  std::vector<Eigen::VectorXf> expressions;
  std::vector<Eigen::Isometry3f> poses;
  ShotInput shot;
};

// A head that turns slowly and a mouth that opens and shuts once in `period` frames (0 = stays shut).
KnownClip clip_of(int frames, int period, float noise_px, unsigned seed) {
  const FaceModel& model = committed_model();
  std::mt19937 random(seed);
  KnownClip clip;
  clip.identity = random_coefficients(model.identity_count(), 1, &random);
  for (int t = 0; t < frames; ++t) {
    float phase = period > 0 ? 0.5F - 0.5F * std::cos(6.2831853F * float(t) / float(period)) : 0.F;
    clip.expressions.push_back(phase * model.wide_open);
    float turn = period > 0 ? 15 * std::sin(0.05F * float(t)) : 5;
    clip.poses.push_back(pose_of(turn, 3, 2, {1, 0, 72}));
    clip.shot.frames.emplace_back(observe_face(landmarks_of(model, clip.identity, clip.expressions.back()),
                                               clip.poses.back(), kCamera, noise_px, &random));
  }
  return clip;
}

Vertices lips(const TrackFit& fit, const FaceParams& params) {
  return project(control_vertices(committed_model(), fit.identity, params.expression),
                 params.camera_from_head, fit.camera)
      .middleRows(48, 20);
}

TEST(Camera, AnglesAreThoseOfTheView) {
  Eigen::Vector3f angles = head_angles(pose_of(20, -10, 5, {0, 0, 80}));
  EXPECT_NEAR(angles.x(), -10, 1e-3);
  EXPECT_NEAR(angles.y(), 20, 1e-3);
  EXPECT_NEAR(angles.z(), 5, 0.2);
  // Yaw to the viewer's right carries the nose there; chin up carries it up.
  const FaceModel& model = committed_model();
  auto nose_from_eyes = [&](const Eigen::Isometry3f& pose) {
    Vertices seen = project(model.neutral, pose, kCamera);
    return Eigen::Vector2f(seen.row(30).head<2>() - 0.5F * (seen.row(36) + seen.row(45)).head<2>());
  };
  Eigen::Vector2f frontal = nose_from_eyes(pose_of(0, 0, 0, {0, 0, 80}));
  EXPECT_GT(nose_from_eyes(pose_of(20, 0, 0, {0, 0, 80})).x(), frontal.x() + 5);
  EXPECT_LT(nose_from_eyes(pose_of(0, 15, 0, {0, 0, 80})).y(), frontal.y() - 5);
}

TEST(Fit, FollowsANoiselessClip) {
  KnownClip clip = clip_of(60, 12, 0, 1);
  TrackFit fit = fit_track(committed_model(), {clip.shot}, kFrameWidth, kFrameHeight);
  EXPECT_LT(fit.reprojection_error, 0.01F);
  for (std::size_t t = 0; t < clip.poses.size(); ++t) {
    Eigen::Vector3f found = head_angles(fit.shots[0][t]->camera_from_head),
                    wanted = head_angles(clip.poses[t]);
    EXPECT_LT((found - wanted).cwiseAbs().maxCoeff(), 3.F) << t;
  }
}

// The temporal prior must not wash out or delay the mouth: a syllable of 6 frames (4 a second).
TEST(Fit, MouthNeitherLagsNorFades) {
  KnownClip clip = clip_of(90, 6, 0.5F, 2);
  TrackFit fit = fit_track(committed_model(), {clip.shot}, kFrameWidth, kFrameHeight);
  std::vector<float> truth, found;
  for (std::size_t t = 0; t < clip.poses.size(); ++t) {
    auto gap = [&](const Eigen::VectorXf& identity, const Eigen::VectorXf& expression) {
      Points68 p = landmarks_of(committed_model(), identity, expression);
      return (p.row(62) - p.row(66)).norm() / (p.row(36) - p.row(45)).norm();  // a picture tells no size
    };
    truth.push_back(gap(clip.identity, clip.expressions[t]));
    found.push_back(gap(fit.identity, fit.shots[0][t]->expression));
  }
  auto likeness = [&](int lag) {
    double sum = 0;
    for (int t = 10; t < 80; ++t)
      sum += std::pow(double(found[std::size_t(t + lag)] - truth[std::size_t(t)]), 2);
    return sum;
  };
  EXPECT_LT(likeness(0), likeness(1));
  EXPECT_LT(likeness(0), likeness(-1));
  for (std::size_t t = 12; t + 6 < truth.size(); t += 6) {  // shut at multiples of 6, open half-way between
    EXPECT_NEAR(found[t], truth[t], 0.03F) << t;
    EXPECT_GT(found[t + 3], 0.9F * truth[t + 3]) << t;
  }
}

// A face at rest under a noisy tracker: below 0.3 px at a 256 px crop of 17 cm.
TEST(Fit, StillLipsDoNotTremble) {
  KnownClip clip = clip_of(60, 0, 0.7F, 3);
  TrackFit fit = fit_track(committed_model(), {clip.shot}, kFrameWidth, kFrameHeight);
  const float crop_px_per_px = 256.F / (17.F * kCamera.focal_px / 72.F);
  float jitter = 0, input = 0;
  for (std::size_t t = 11; t < 50; ++t) {
    jitter +=
        (lips(fit, *fit.shots[0][t]) - lips(fit, *fit.shots[0][t - 1])).leftCols(2).rowwise().norm().mean() /
        39;
    for (std::size_t i = 48; i < 68; ++i)
      input += (clip.shot.frames[t]->landmarks[i] - clip.shot.frames[t - 1]->landmarks[i]).norm() / (39 * 20);
  }
  EXPECT_LT(crop_px_per_px * jitter, 0.3F);
  EXPECT_LT(jitter, 0.4F * input);
}

// A still picture: every frame is the same, and there is but one to learn from.
TEST(Fit, StillPictureIsFitted) {
  KnownClip clip = clip_of(50, 0, 0, 5);
  TrackFit fit = fit_track(committed_model(), {clip.shot}, kFrameWidth, kFrameHeight);
  EXPECT_LT(fit.reprojection_error, 0.01F);
  EXPECT_LT(fit.identity.norm(), 3 * clip.identity.norm());
}

TEST(Fit, OutliersAreOverruled) {
  KnownClip clip = clip_of(20, 10, 0.3F, 4);
  TrackFit clean = fit_track(committed_model(), {clip.shot}, kFrameWidth, kFrameHeight);
  clip.shot.frames[9]->landmarks[48] += core::Point2(40, 0);
  clip.shot.frames[9]->landmarks[30] += core::Point2(0, -40);
  TrackFit fit = fit_track(committed_model(), {clip.shot}, kFrameWidth, kFrameHeight);
  Eigen::Vector3f moved =
      head_angles(fit.shots[0][9]->camera_from_head) - head_angles(clean.shots[0][9]->camera_from_head);
  EXPECT_LT(moved.cwiseAbs().maxCoeff(), 3.F);
}

TEST(Fit, ShotsDoNotReachIntoEachOther) {
  KnownClip first = clip_of(12, 6, 0, 5), second = clip_of(12, 0, 0, 5);
  for (auto& frame : second.shot.frames)
    for (auto& point : frame->landmarks) point += core::Point2(120, -40);  // a cut: the face is elsewhere
  TrackFit fit = fit_track(committed_model(), {first.shot, second.shot}, kFrameWidth, kFrameHeight);
  EXPECT_LT(fit.reprojection_error, 0.015F);
  Vertices seen = project(control_vertices(committed_model(), fit.identity, fit.shots[1][0]->expression),
                          fit.shots[1][0]->camera_from_head, fit.camera);
  Eigen::Vector2f nose = seen.row(30).head<2>().transpose();
  EXPECT_LT((nose - second.shot.frames[0]->landmarks[30]).norm(), 3.F);
}

TEST(Fit, FramesWithoutAFaceStayEmpty) {
  KnownClip clip = clip_of(20, 10, 0.5F, 6);
  for (std::size_t t : {0, 7, 8, 19}) clip.shot.frames[t].reset();
  TrackFit fit = fit_track(committed_model(), {clip.shot, ShotInput{}}, kFrameWidth, kFrameHeight);
  ASSERT_EQ(fit.shots.size(), 2U);
  EXPECT_TRUE(fit.shots[1].empty());
  for (std::size_t t = 0; t < 20; ++t)
    EXPECT_EQ(fit.shots[0][t].has_value(), clip.shot.frames[t].has_value()) << t;
}

TEST(Fit, NoFaceAtAllIsAnError) {
  ShotInput empty;
  empty.frames.resize(5);
  try {
    fit_track(committed_model(), {empty}, kFrameWidth, kFrameHeight);
    FAIL() << "no error";
  } catch (const core::Error& error) {
    EXPECT_EQ(error.kind(), core::ErrorKind::face);
  }
}

TEST(Fit, DegenerateLandmarksGiveFiniteNumbers) {
  core::FaceObservation point, line;
  point.landmarks.fill(core::Point2(100, 100));
  for (std::size_t i = 0; i < core::kLandmarks; ++i) line.landmarks[i] = core::Point2(float(i), 50);
  for (const auto& face : {point, line}) {
    TrackFit fit = fit_track(committed_model(), {ShotInput{{face, face, face}}}, kFrameWidth, kFrameHeight);
    EXPECT_TRUE(fit.identity.allFinite());
    for (const auto& params : fit.shots[0]) {
      EXPECT_TRUE(params->expression.allFinite());
      EXPECT_TRUE(params->camera_from_head.matrix().allFinite());
    }
  }
}

TEST(Fit, KnownFocalLengthIsKept) {
  KnownClip clip = clip_of(10, 5, 0.5F, 7);
  FitOptions options;
  options.focal_px = 960;
  TrackFit fit = fit_track(committed_model(), {clip.shot}, kFrameWidth, kFrameHeight, options);
  EXPECT_NEAR(fit.camera.focal_px, 960, 1);
}

}  // namespace
}  // namespace resyncer::mesh
