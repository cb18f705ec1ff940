// Frames in any order a render asks for are those that a plain pass decodes.
#include "pipeline/frame_source.h"

#include <gtest/gtest.h>

#include "support/run.h"
#include "support/scratch_folder.h"

namespace resyncer::pipeline {
namespace {

class FrameSourceTest : public ::testing::TestWithParam<const char*> {
 protected:
  // Sixteen frames a second of a moving pattern, with B-frames and far key frames where the codec has them.
  std::string make(const std::string& name, const std::vector<std::string>& codec) {
    std::vector<std::string> command{
        "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=16:d=2.5"};
    command.insert(command.end(), codec.begin(), codec.end());
    command.push_back(scratch_.file(name));
    EXPECT_EQ(support::run(command).status, 0);
    return scratch_.file(name);
  }
  static std::string samples(const media::VideoFrame& frame) {
    std::string all;
    const auto& layout = frame.layout();
    for (int y = 0; y < layout.height; ++y) {
      const media::Plane plane = frame.planes()[0];
      all.append(reinterpret_cast<const char*>(plane.data + y * plane.stride), std::size_t(layout.width));
    }
    return all;
  }
  support::ScratchFolder scratch_;
};

void expect_same_frames(const std::string& video, const std::vector<std::string>& plain,
                        const std::vector<std::int64_t>& pts, LengthMode mode, std::int64_t stretch_bytes,
                        std::string (*samples)(const media::VideoFrame&)) {
  const media::VideoInfo info = media::probe_video(video);
  std::int64_t end = 0;
  const auto shown = shown_frames(source_times(pts, info.time_base, info.average_rate), mode, 9, &end);
  FrameSource source(video, {-1, 1}, pts, shown, stretch_bytes);
  for (std::size_t i = 0; i < shown.size(); ++i) {
    media::VideoFrame frame = source.next(std::int64_t(i));
    EXPECT_EQ(frame.pts(), shown[i].pts);
    ASSERT_EQ(samples(frame), plain[std::size_t(shown[i].source)]) << name_of(mode) << ' ' << i;
    frame.writable_planes()[0].data[0] = std::byte{0};  // what a render does to it changes no later frame
  }
}

TEST_P(FrameSourceTest, EveryModeShowsTheFramesThatItNames) {
  const std::string name = GetParam();
  std::vector<std::string> codec{"-c:v", "libx264", "-g", "12", "-bf", "3", "-crf", "20"};
  if (name == "v.avi") codec = {"-c:v", "mpeg4", "-g", "9", "-bf", "2"};
  const std::string video = make(name, codec);
  std::vector<std::string> plain;
  std::vector<std::int64_t> pts;
  media::VideoReader reader(video, {-1, 1});
  while (const auto frame = reader.read()) {
    plain.push_back(samples(*frame));
    pts.push_back(frame->pts());
  }
  ASSERT_EQ(plain.size(), 40U);
  for (LengthMode mode :
       {LengthMode::video, LengthMode::cut, LengthMode::loop, LengthMode::bounce, LengthMode::freeze})
    expect_same_frames(video, plain, pts, mode, kStretchBytes, samples);
  expect_same_frames(video, plain, pts, LengthMode::bounce, 1, samples);  // the shortest stretches
}

INSTANTIATE_TEST_SUITE_P(Containers, FrameSourceTest,
                         ::testing::Values("v.mp4", "v.mkv", "v.avi", "v.ts", "v.h264"));

}  // namespace
}  // namespace resyncer::pipeline
