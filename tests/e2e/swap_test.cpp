// Face swap on the real binary. Who lends the face is the portrait as in a narrower, warmer mirror: another
// face, with the same hair beside it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "e2e/footage.h"

namespace resyncer::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::size_t kSide = 320, kFrame = kSide * kSide * 3 / 2;

class Swap : public ::testing::Test {
 protected:
  // Lossless, so that what is not repainted can be compared.
  RunResult render(const std::string& out, const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"render", video, "-o", scratch.file(out), "--video-codec", "ffv1"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return resyncer(arguments, {"XDG_CACHE_HOME=" + scratch.file("cache")});
  }
  std::string pixels(const std::string& out, const std::vector<std::string>& more) {
    const RunResult result = render(out, more);
    EXPECT_EQ(result.status, 0) << result.err;
    return raw_video(scratch.file(out), "yuv420p");
  }
  std::string make_other(const std::string& name) {
    const RunResult made =
        run({"ffmpeg", "-nostdin", "-v", "error", "-y", "-i", RESYNCER_SOURCE_DIR "/tests/data/astronaut.png",
             "-vf", "crop=300:300:90:0,hflip,scale=240:300,colorbalance=rm=0.15:bm=-0.15,eq=brightness=-0.08",
             "-frames:v", "1", scratch.file(name)});
    EXPECT_EQ(made.status, 0) << made.err;
    return scratch.file(name);
  }
  json sidecar(const std::string& out) {
    std::ifstream stream(scratch.file(out) + ".provenance.json");
    return json::parse(stream);
  }
  // Mean difference of brightness in a square of the first frame.
  static double difference(const std::string& a, const std::string& b, std::size_t left, std::size_t top,
                           std::size_t side) {
    double sum = 0;
    for (std::size_t y = top; y < top + side; ++y)
      for (std::size_t x = left; x < left + side; ++x)
        sum += std::abs(int(std::uint8_t(a[y * kSide + x])) - int(std::uint8_t(b[y * kSide + x])));
    return sum / double(side * side);
  }

  ScratchFolder scratch;
  std::string video = make_portrait_clip(scratch, "v.mkv", 0.8), other = make_other("other.png");
};

TEST_F(Swap, RepaintsTheFaceAndNothingElse) {
  const std::string source = raw_video(video, "yuv420p"),
                    swapped =
                        pixels("out.mkv", {"--identity", other, "--mask-out", scratch.file("mask.mkv")});
  const std::string mask = raw_video(scratch.file("mask.mkv"), "gray");
  ASSERT_EQ(swapped.size(), source.size());
  ASSERT_EQ(mask.size(), source.size() / 3 * 2);
  std::size_t inside = 0, changed = 0;
  for (std::size_t f = 0; f < mask.size() / (kSide * kSide); ++f)
    for (std::size_t i = 0; i < kSide * kSide; ++i) {
      const bool differs = swapped[f * kFrame + i] != source[f * kFrame + i];
      const bool may = mask[f * kSide * kSide + i] != 0;
      ASSERT_TRUE(may || !differs) << "frame " << f << ", pixel " << i;
      inside += may, changed += differs;
    }
  EXPECT_GT(inside, mask.size() / 50);
  EXPECT_GT(changed, inside / 2);
  EXPECT_GT(difference(swapped, source, 130, 60, 60), 1.5) << "it is hardly another face";
}

TEST_F(Swap, KeepsTheSoundOfTheFootage) {
  const std::string sound = make_speech(scratch, "s.wav"), talking = scratch.file("talking.mkv");
  ASSERT_EQ(run({"ffmpeg", "-nostdin", "-v", "error", "-y", "-i", video, "-i", sound, "-c:v", "copy", "-c:a",
                 "flac", "-shortest", talking})
                .status,
            0);
  video = talking;
  const RunResult result = render("out.mkv", {"--identity", other});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(packet_hashes(scratch.file("out.mkv"), "a:0"), packet_hashes(video, "a:0"));
  EXPECT_EQ(packet_times(scratch.file("out.mkv"), "v:0"), packet_times(video, "v:0"));
  EXPECT_EQ(decode_errors(scratch.file("out.mkv")), "");
}

TEST_F(Swap, SpeaksNewWordsAsWell) {
  const std::string speech = make_speech(scratch, "s.wav");
  const std::string silent = pixels("silent.mkv", {"--identity", other, "--renderer", "warp"}),
                    spoken = pixels("spoken.mkv", {"--identity", other, "-a", speech, "--renderer", "warp"}),
                    own = pixels("own.mkv", {"-a", speech, "--renderer", "warp"});
  EXPECT_NE(spoken, silent) << "the mouth does not speak";
  EXPECT_GT(difference(spoken, own, 130, 60, 60), 1.5) << "the face is the footage's own";
  const json record = sidecar("spoken.mkv");
  EXPECT_EQ(record["speech"]["name"], "s.wav");
  EXPECT_EQ(record["identity"][0]["name"], "other.png");
}

TEST_F(Swap, TakesAFolderAndSaysWhatItTook) {
  fs::create_directory(scratch.path() / "person");
  make_other("person/b.png");
  fs::copy(scratch.path() / "person/b.png", scratch.path() / "person/a.PNG");
  std::ofstream(scratch.path() / "person/notes.txt") << "no picture";
  fs::create_directory(scratch.path() / "person/older.png");
  const RunResult result = render("out.mkv", {"--identity", scratch.file("person"), "--label", "AI", "-y"});
  ASSERT_EQ(result.status, 0) << result.err;
  const json record = sidecar("out.mkv");
  ASSERT_EQ(record["identity"].size(), 2U);
  EXPECT_EQ(record["identity"][0]["name"], "a.PNG");
  EXPECT_EQ(record["identity"][0]["sha256"],
            run({"sha256sum", scratch.file("person/a.PNG")}).out.substr(0, 64));
  EXPECT_TRUE(record["speech"].is_null());
  EXPECT_EQ(record["altered"]["frames"], 20);
  ASSERT_EQ(record["altered"]["seconds"].size(), 1U);
  EXPECT_THAT(run({"ffprobe", "-v", "error", "-show_entries", "format_tags", scratch.file("out.mkv")}).out,
              HasSubstr("the face was replaced by another person's; digitalSourceType="));
  const std::string plain = pixels("plain.mkv", {"--identity", scratch.file("person")});
  EXPECT_GT(difference(raw_video(scratch.file("out.mkv"), "yuv420p"), plain, 20, 285, 15), 3) << "no label";
}

TEST_F(Swap, OnlyInTheRangesThatWereAskedFor) {
  const std::string source = raw_video(video, "yuv420p"),
                    swapped = pixels("out.mkv", {"--identity", other, "--range", "0.4-0.8"});
  EXPECT_EQ(swapped.substr(0, 10 * kFrame), source.substr(0, 10 * kFrame));
  EXPECT_NE(swapped.substr(18 * kFrame, kFrame), source.substr(18 * kFrame, kFrame));
}

TEST_F(Swap, IsTheSameWithOneThreadAndWithMany) {
  const std::string one = pixels("one.mkv", {"--identity", other, "--threads", "1", "--deterministic"}),
                    many = pixels("many.mkv", {"--identity", other, "--threads", "4", "--deterministic"});
  EXPECT_TRUE(one == many);
}

TEST_F(Swap, RefusesWhatMakesNoSense) {
  struct Case {
    std::vector<std::string> more;
    int status;
    const char* says;
  };
  fs::create_directory(scratch.path() / "empty");
  fs::create_directory(scratch.path() / "people");
  make_other("people/one.png");
  const std::string text = scratch.file("text.png");
  std::ofstream(text) << "not a picture";
  ASSERT_EQ(run({"ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=gray:s=300x300",
                 "-frames:v", "1", scratch.file("nobody.png")})
                .status,
            0);
  const std::vector<Case> cases = {
      {{}, 2, "there is no speech"},
      {{"--identity", other, "--mouth-gain", "1.5"}, 2, "--mouth-gain is for new speech"},
      {{"--identity", other, "--style", "calm"}, 2, "--style is for new speech"},
      {{"--identity", other, "--adapt", "1"}, 2, "--adapt is for new speech"},
      {{"--identity", other, "--motion-out", scratch.file("m.json")}, 2, "--motion-out is for new speech"},
      {{"--identity", other, "--keep-audio"}, 2, "--keep-audio is for new speech"},
      {{"--identity", scratch.file("nowhere")}, 3, "there is no such picture"},
      {{"--identity", scratch.file("empty")}, 3, "no pictures or videos of the identity"},
      {{"--identity", text}, 3, "text.png"},
      {{"--identity", scratch.file("nobody.png")}, 5, "no usable face"},
  };
  for (const Case& c : cases) {
    const RunResult result = render("refused.mkv", c.more);
    EXPECT_EQ(result.status, c.status) << result.err;
    EXPECT_THAT(result.err, HasSubstr(c.says));
    EXPECT_FALSE(fs::exists(scratch.path() / "refused.mkv"));
  }
  const RunResult still =
      resyncer({"render", other, "--identity", other, "-o", scratch.file("still.mp4")}, {});
  EXPECT_EQ(still.status, 2) << still.err;
  EXPECT_THAT(still.err, HasSubstr("as long as its speech"));
  fs::copy(video, scratch.path() / "people/two.mkv");
  const RunResult lent = resyncer(
      {"render", video, "--identity", scratch.file("people"), "-o", scratch.file("people/two.mkv"), "-y"},
      {});
  EXPECT_EQ(lent.status, 2) << lent.err;
  EXPECT_THAT(lent.err, HasSubstr("is an input of this job"));
}

TEST_F(Swap, IsMeasured) {
  // Two people who shut their lips now and then: who smiles throughout has no mouth at rest to compare.
  const std::string portrait = make_portrait_clip(scratch, "long.mkv", 2),
                    speech = make_speech(scratch, "s.wav");
  ASSERT_EQ(resyncer({"render", portrait, "-a", speech, "-o", scratch.file("talk.mkv"), "--renderer", "warp"},
                     {"XDG_CACHE_HOME=" + scratch.file("cache")})
                .status,
            0);
  video = scratch.file("talk.mkv");
  other = scratch.file("other.mkv");
  ASSERT_EQ(run({"ffmpeg", "-nostdin", "-v", "error", "-y", "-i", video, "-vf", "hflip,scale=256:320", "-c:v",
                 "libx264", "-crf", "12", "-an", other})
                .status,
            0);
  const RunResult swapped = render("out.mkv", {"--identity", other});
  ASSERT_EQ(swapped.status, 0) << swapped.err;
  const RunResult result = resyncer(
      {"eval", "swap", scratch.file("out.mkv"), "--source", video, "--identity", other, "--json"}, {});
  ASSERT_EQ(result.status, 0) << result.err;
  const json figures = json::parse(result.out);
  EXPECT_EQ(figures["frames"], 50);
  EXPECT_LT(figures["shape_to_identity_mm"], figures["shape_to_footage_mm"]);
  EXPECT_LT(figures["expression_error_mm"], 1.0);
  EXPECT_LE(figures["turning_error_degrees"], figures["pose_error_degrees"].get<double>() + 1e-9);
  for (const char* likeness : {"likeness_to_identity", "likeness_to_footage"}) {
    EXPECT_GE(figures[likeness], -1);
    EXPECT_LE(figures[likeness], 1.0001);
  }
}

}  // namespace
}  // namespace resyncer::testing
