// Why frames are not repainted: synthetic faces with a pose and a share that is covered.
#include "resyncer/pipeline/kept.h"

#include <gtest/gtest.h>

#include "resyncer/pipeline/analysis.h"
#include "talking_video.h"

namespace resyncer::pipeline {
namespace {

struct Footage {
  Analysis analysis;
  FittedFace face;
};

// One shot of a face that looks straight ahead.
Footage footage_of(std::size_t frames) {
  Footage f;
  track::FaceTrack track;
  for (std::size_t i = 0; i < frames; ++i) {
    f.analysis.pts.push_back(std::int64_t(i));
    core::FaceObservation seen;
    seen.landmarks = testing::schematic_face({100, 100}, 60, 0.1F);
    seen.score = 1;
    track.frames.emplace_back(seen);
    mesh::FaceParams params;
    params.camera_from_head.linear() = Eigen::Vector3f(1, -1, -1).asDiagonal();
    f.face.frames.emplace_back(params);
  }
  track.covered.assign(frames, 0.F);
  f.analysis.tracks.tracks.push_back(track);
  f.analysis.tracks.shot_starts = {0};
  f.face.track.assign(frames, 0);
  return f;
}

void turn(Footage* f, std::size_t frame, float degrees) {
  auto& map = f->face.frames[frame]->camera_from_head;
  map.linear() = map.linear() *
                 Eigen::AngleAxisf(degrees * float(M_PI) / 180, Eigen::Vector3f::UnitY()).toRotationMatrix();
}

void lose(Footage* f, std::size_t frame) {
  f->analysis.tracks.tracks[0].frames[frame].reset();
  f->face.frames[frame].reset();
  f->face.track[frame] = -1;
}

TEST(KeptFrames, ACoveredFaceIsKeptThroughShortGaps) {
  Footage f = footage_of(30);
  auto& covered = f.analysis.tracks.tracks[0].covered;
  covered[10] = covered[11] = covered[15] = 0.3F;
  covered[25] = 0.05F;
  const auto kept = kept_frames(f.analysis, f.face, {});
  for (std::size_t i = 0; i < kept.size(); ++i)
    EXPECT_EQ(kept[i], i >= 10 && i <= 15 ? Kept::covered : Kept::no) << i;
}

TEST(KeptFrames, HeadsThatTurnTooFarAreTurnedAwayEitherWay) {
  Footage f = footage_of(20);
  turn(&f, 5, 60);
  turn(&f, 9, -60);
  turn(&f, 14, 40);
  auto kept = kept_frames(f.analysis, f.face, {});
  for (std::size_t i = 0; i < kept.size(); ++i)
    EXPECT_EQ(kept[i], i == 5 || i == 9 ? Kept::turned : Kept::no) << i;
  UsabilityOptions strict;
  strict.max_yaw_degrees = 30;
  EXPECT_EQ(kept_frames(f.analysis, f.face, strict)[14], Kept::turned);
}

TEST(KeptFrames, AFaceThatIsLostIsLostForTheReasonBesideIt) {
  Footage f = footage_of(60);
  for (std::size_t i : {10, 11, 12, 30, 31, 32, 50, 51}) lose(&f, i);
  f.analysis.tracks.tracks[0].covered[9] = 0.5F;
  for (std::size_t i : {28, 29}) turn(&f, i, 35);
  const auto kept = kept_frames(f.analysis, f.face, {});
  EXPECT_EQ(kept[11], Kept::covered);
  EXPECT_EQ(kept[31], Kept::turned);
  EXPECT_EQ(kept[50], Kept::unseen);
  EXPECT_EQ(kept[29], Kept::no);
}

TEST(KeptFrames, SmallFacesAreNamedSo) {
  Footage f = footage_of(4);
  f.analysis.tracks.tracks[0].frames[2]->landmarks = testing::schematic_face({100, 100}, 10, 0.1F);
  const auto kept = kept_frames(f.analysis, f.face, {});
  EXPECT_EQ(kept[2], Kept::too_small);
  EXPECT_EQ(kept[1], Kept::no);
}

}  // namespace
}  // namespace resyncer::pipeline
