#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "resyncer/track/face_tracker.h"
#include "track/shape_of_a_face.h"

namespace resyncer::track {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

FaceTrack track_at(int id, int shot, std::int64_t first, int count, core::Point2 shift) {
  FaceTrack track;
  track.id = id;
  track.shot = shot;
  track.first_frame = first;
  track.frames.assign(std::size_t(count), schematic_observation(shift));
  track.raw = track.frames;
  return track;
}

// Two people in shot 0, the left one in shot 1 (twice: she leaves and returns), both again in shot 2.
FaceTracks interview() {
  FaceTracks tracks;
  tracks.frame_count = 300;
  tracks.shot_starts = {0, 100, 200};
  tracks.tracks = {track_at(0, 0, 0, 100, {0, 0}),    track_at(1, 0, 0, 90, {400, 0}),
                   track_at(2, 2, 200, 80, {410, 5}), track_at(3, 2, 200, 70, {-10, 0}),
                   track_at(4, 1, 100, 40, {10, 10}), track_at(5, 1, 150, 30, {20, 0})};
  return tracks;
}

TEST(Choose, TakesTheLargestOfEveryShot) { EXPECT_THAT(choose(interview(), {}), ElementsAre(0, 2, 4, 5)); }

TEST(Choose, FollowsOnePersonByPlaceAndSize) {
  FaceChoice left, right;
  left.index = 0;
  right.index = 2;
  EXPECT_THAT(choose(interview(), left), ElementsAre(0, 3, 4, 5));
  EXPECT_THAT(choose(interview(), right), ElementsAre(1, 2));
}

TEST(Choose, TakesAPointOrABox) {
  FaceChoice point, box;
  point.point = core::Point2(600, 200);
  box.box = core::Box{540, 160, 640, 260};
  EXPECT_THAT(choose(interview(), point), ElementsAre(1, 2));
  EXPECT_THAT(choose(interview(), box), ElementsAre(1, 2));
}

TEST(Choose, IsEmptyWhenNothingFits) {
  FaceChoice index, point;
  index.index = 9;
  point.point = core::Point2(1000, 1000);
  EXPECT_THAT(choose(interview(), index), IsEmpty());
  EXPECT_THAT(choose(interview(), point), IsEmpty());
  EXPECT_THAT(choose(FaceTracks{}, {}), IsEmpty());
}

TEST(Choose, TracksThatAreKnownAreTaken) {
  FaceChoice known;
  known.tracks = {1, 4};
  EXPECT_THAT(choose(interview(), known), ElementsAre(1, 4));
}

TEST(Seed, IsTheTrackThatTheChoiceNames) {
  FaceChoice index, point, absent;
  index.index = 2;
  point.point = core::Point2(600, 200);
  absent.index = 9;
  EXPECT_EQ(seed(interview(), index), 2);
  EXPECT_EQ(seed(interview(), point), 1);
  EXPECT_EQ(seed(interview(), absent), std::nullopt);
  EXPECT_EQ(seed(interview(), {}), std::nullopt);
}

TEST(ChooseApart, FollowsEveryPerson) {
  EXPECT_THAT(choose_apart(interview(), {0, 1}), ElementsAre(ElementsAre(0, 3, 4, 5), ElementsAre(1, 2)));
  EXPECT_THAT(choose_apart(interview(), {}), IsEmpty());
}

// Shot and countershot: both in the middle of the picture.
TEST(ChooseApart, ATrackIsOnePersonsAlone) {
  EXPECT_THAT(choose_apart(interview(), {0, 4}), ElementsAre(ElementsAre(0, 3), ElementsAre(4, 5)));
  EXPECT_THAT(choose_apart(interview(), {5, 3, 1}),
              ElementsAre(ElementsAre(4, 5), ElementsAre(0, 3), ElementsAre(1, 2)));
}

}  // namespace
}  // namespace resyncer::track
