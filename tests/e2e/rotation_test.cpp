// What a phone stores on its side is seen, repainted and shown upright.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "e2e/footage.h"

namespace resyncer::testing {
namespace {

using ::testing::HasSubstr;

class Rotation : public ::testing::Test {
 protected:
  RunResult render(const std::string& video, const std::string& out) {
    return resyncer({"render", video, "-a", make_speech(scratch, "s.wav"), "-o", out, "--renderer", "warp",
                     "--no-cache", "--progress", scratch.file("progress")});
  }
  ScratchFolder scratch;
};

TEST_F(Rotation, APhotographBecomesAVideoThatPlayersTurn) {
  std::string out = scratch.file("out.mp4");
  RunResult result = render(make_phone_photo(scratch, "photo.jpg"), out);
  ASSERT_EQ(result.status, 0) << result.err;
  std::string shown = raw_video(out, "gray", true).substr(0, 512 * 512);
  std::string portrait = raw_video(RESYNCER_SOURCE_DIR "/tests/data/astronaut.png", "gray");
  ASSERT_EQ(shown.size(), portrait.size());
  double difference = 0;
  for (std::size_t i = 0; i < portrait.size(); ++i)
    difference +=
        std::abs(int(static_cast<unsigned char>(shown[i])) - int(static_cast<unsigned char>(portrait[i])));
  EXPECT_LT(difference / double(portrait.size()), 8) << "turned pictures differ by some 60";
}

TEST_F(Rotation, AContainerThatCannotTellItIsWarnedOf) {
  std::string video = make_phone_clip(scratch, "turned.mov", make_portrait_clip(scratch, "v.mov", 0.4));
  RunResult kept = render(video, scratch.file("out.mov")), lost = render(video, scratch.file("out.mkv"));
  EXPECT_EQ(kept.status, 0) << kept.err;
  EXPECT_EQ(lost.status, 0) << lost.err;
  EXPECT_THAT(lost.err, HasSubstr("rotation of 90 degrees"));
  EXPECT_THAT(lost.err, HasSubstr(".mp4 or .mov"));
  EXPECT_THAT(kept.err, ::testing::Not(HasSubstr("rotation")));
}

}  // namespace
}  // namespace resyncer::testing
