// What a result says of itself, as other programs read it, and the label that its viewers see.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "e2e/footage.h"

namespace resyncer::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kTerm[] =
    "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia";

class Provenance : public ::testing::Test {
 protected:
  RunResult render(const std::string& video, const std::string& out, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments{"render", video, "-a", speech(), "-o", out, "--renderer", "warp"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return resyncer(arguments, {"XDG_CACHE_HOME=" + scratch.file("cache")});
  }
  std::string speech() {
    if (!std::filesystem::exists(scratch.path() / "s.wav")) make_speech(scratch, "s.wav");
    return scratch.file("s.wav");
  }
  static std::string contents(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  static nlohmann::json sidecar(const std::string& result) {
    return nlohmann::json::parse(contents(result + ".provenance.json"));
  }
  static std::string tags(const std::string& file) {
    return run({"ffprobe", "-v", "error", "-show_entries", "format_tags", "-of", "default=nw=1", file}).out;
  }
  static std::string sha256sum(const std::string& file) { return run({"sha256sum", file}).out.substr(0, 64); }

  ScratchFolder scratch;
};

TEST_F(Provenance, TagsAreReadAndSurviveAnotherContainer) {
  std::string video = make_portrait_clip(scratch, "v.mp4", 0.4, "25",
                                         {"-metadata", "comment=Take 3\nof 5", "-metadata", "title=Mine"});
  for (const char* extension : {"mp4", "mov", "mkv", "webm"}) {
    std::string out = scratch.file(std::string("out.") + extension);
    RunResult result = render(video, out);
    ASSERT_EQ(result.status, 0) << result.err;
    const auto says_it = AllOf(HasSubstr("Take 3\nof 5\nAltered by resyncer "),
                               HasSubstr(std::string("digitalSourceType=") + kTerm), HasSubstr("=Mine\n"));
    EXPECT_THAT(tags(out), says_it) << out;
    EXPECT_EQ(decode_errors(out), "") << out;
    if (std::string(extension) == "webm") continue;  // VP9 and Opus have no business in MOV
    for (const char* other : {"mp4", "mov", "mkv"}) {
      std::string copy = scratch.file(std::string("copy.") + other);
      RunResult copied = run({"ffmpeg", "-v", "error", "-y", "-i", out, "-map", "0:v", "-c", "copy", copy});
      ASSERT_EQ(copied.status, 0) << copied.err;
      EXPECT_THAT(tags(copy), says_it) << out << " to " << copy;
    }
  }
  EXPECT_THAT(tags(scratch.file("out.mkv")), HasSubstr(std::string("DIGITAL_SOURCE_TYPE=") + kTerm));
  EXPECT_THAT(tags(scratch.file("out.webm")), HasSubstr(std::string("DIGITAL_SOURCE_TYPE=") + kTerm));
}

TEST_F(Provenance, ExiftoolReadsTheDigitalSourceType) {
  if (run({"exiftool", "-ver"}).status != 0)
    GTEST_SKIP() << "exiftool is missing: scripts/install_packages.sh installs it";
  std::string video = make_portrait_clip(scratch, "v.mp4", 0.4);
  for (const char* name : {"out.mp4", "out.mov", "out.m4v"}) {
    ASSERT_EQ(render(video, scratch.file(name)).status, 0);
    RunResult read = run({"exiftool", "-s3", "-XMP-iptcExt:DigitalSourceType", scratch.file(name)});
    EXPECT_EQ(read.out, std::string(kTerm) + "\n") << name << ": " << read.err;
    EXPECT_EQ(run({"exiftool", "-s3", "-Warning", "-Error", scratch.file(name)}).out, "") << name;
  }
  ASSERT_EQ(render(video, scratch.file("out.mkv")).status, 0);
  EXPECT_EQ(run({"exiftool", "-s3", "-DigitalSourceType", scratch.file("out.mkv")}).out,
            std::string(kTerm) + "\n");
}

TEST_F(Provenance, TheFileBesideTheResultTellsHashesAndAlteredTime) {
  std::string clip = make_portrait_clip(scratch, "v.mkv", 2), video = scratch.file("part.mkv");
  ASSERT_EQ(run({"ffmpeg", "-v", "error", "-i", clip, "-vf",
                 "drawbox=t=fill:color=gray:enable='between(t,0.79,1.19)'", "-c:v", "ffv1",
                 "-output_ts_offset", "0.5", video})
                .status,
            0);
  std::string out = scratch.file("d \xC3\xBC.mp4"), note = "Jane \"J\" Doe,\n\\o/ \xF0\x9F\x91\x84 </x>";
  RunResult result = render(video, out, {"-q", "--consent-note", note, "--crf", "20"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.err, "");
  auto json = sidecar(out);
  EXPECT_EQ(json["result"]["sha256"], sha256sum(out));
  EXPECT_EQ(json["result"]["name"], "d \xC3\xBC.mp4");
  EXPECT_EQ(json["video"]["sha256"], sha256sum(video));
  EXPECT_EQ(json["speech"]["sha256"], sha256sum(speech()));
  EXPECT_TRUE(json["person"].is_null());
  for (const auto& model : json["models"]) {
    std::string id = model["id"];
    std::string file = id == "landmarks" ? "/usr/share/dlib/shape_predictor_68_face_landmarks.dat"
                                         : RESYNCER_SOURCE_DIR "/models/" + id + ".safetensors";
    EXPECT_EQ(model["sha256"], sha256sum(file)) << id;
  }
  EXPECT_EQ(json["models"].size(), 3U);
  EXPECT_EQ(json["consent_note"], note);
  EXPECT_EQ(json["digitalSourceType"], kTerm);
  EXPECT_EQ(json["options"]["renderer"], "warp");
  EXPECT_EQ(json["options"]["crf"], 20);
  EXPECT_TRUE(json.contains("time"));
  // Frames keep their own pixels while there is no face: 0.8 s to 1.2 s, seen 0.5 s later.
  EXPECT_EQ(json["altered"]["of_frames"], 50);
  auto ranges = json["altered"]["seconds"];
  ASSERT_EQ(ranges.size(), 2U) << ranges;
  double seconds = 0;
  for (const auto& range : ranges) seconds += double(range[1]) - double(range[0]);
  EXPECT_NEAR(seconds, int(json["altered"]["frames"]) / 25.0, 0.002);
  EXPECT_NEAR(ranges[0][0], 0.5, 0.05);
  EXPECT_LE(ranges[0][1], 1.301);
  EXPECT_GT(ranges[0][1], 1.0);
  EXPECT_GE(ranges[1][0], 1.699);
  EXPECT_LT(ranges[1][0], 2.0);
  EXPECT_NEAR(ranges[1][1], 2.5, 0.05);
}

TEST_F(Provenance, DeterministicRendersHaveEqualFilesAndNoTime) {
  std::string video = make_portrait_clip(scratch, "v.mp4", 0.4), out = scratch.file("out.mp4");
  std::string first, first_beside;
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(render(video, out, {"--deterministic", "-y", "--label", "AI"}).status, 0);
    std::string beside = contents(out + ".provenance.json");
    EXPECT_THAT(beside, Not(HasSubstr("\"time\"")));
    if (i > 0) {
      EXPECT_TRUE(contents(out) == first);
      EXPECT_EQ(beside, first_beside);
    }
    first = contents(out);
    first_beside = beside;
  }
  EXPECT_THAT(tags(out), HasSubstr(kTerm));
}

TEST_F(Provenance, CanBeLeftOutAloud) {
  std::string video = make_portrait_clip(scratch, "v.mp4", 0.4);
  for (const char* name : {"out.mp4", "out.mov", "out.mkv"}) {
    std::string out = scratch.file(name);
    RunResult result = render(video, out, {"--no-provenance"});
    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr("--no-provenance"));
    std::string bytes = contents(out);
    for (const char* trace : {"resyncer", "digitalsourcetype", "DIGITAL_SOURCE_TYPE", "xpacket"})
      EXPECT_THAT(bytes, Not(HasSubstr(trace))) << name;
    EXPECT_FALSE(std::filesystem::exists(out + ".provenance.json"));
  }
  EXPECT_EQ(render(video, scratch.file("x.mp4"), {"--no-provenance", "--consent-note", "yes"}).status, 2);
}

TEST_F(Provenance, TheFileBesideTheResultIsAnOutputLikeOthers) {
  std::string video = make_portrait_clip(scratch, "v.mp4", 0.4), out = scratch.file("out.mp4");
  std::string beside = out + ".provenance.json";
  std::ofstream(beside) << "precious";
  for (const std::vector<std::string>& manner : {std::vector<std::string>{}, {"-n"}}) {
    RunResult result = render(video, out, manner);
    EXPECT_EQ(result.status, 6);
    EXPECT_THAT(result.err, AllOf(HasSubstr("out.mp4.provenance.json"), HasSubstr("exists already")));
    EXPECT_FALSE(std::filesystem::exists(out));
    EXPECT_EQ(contents(beside), "precious");
  }
  std::filesystem::copy(video, beside, std::filesystem::copy_options::overwrite_existing);
  RunResult result = render(beside, out, {"-y"});
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("is an input of this job"));
  EXPECT_EQ(contents(beside), contents(video));

  EXPECT_EQ(render(video, out, {"-y"}).status, 0);
  EXPECT_EQ(sidecar(out)["result"]["sha256"], sha256sum(out));
}

TEST_F(Provenance, TextThatIsNoneIsRefusedBeforeAnyWork) {
  std::string video = make_portrait_clip(scratch, "v.mp4", 0.4), out = scratch.file("out.mp4");
  speech();
  std::vector<std::string> before = scratch.names();
  for (const std::vector<std::string>& bad : {std::vector<std::string>{"--consent-note", "a\xFF"},
                                              {"--label", "\xFF"},
                                              {"--label", "a\nb"},
                                              {"--label", std::string(3000, 'W')}}) {
    RunResult result = render(video, out, bad);
    EXPECT_EQ(result.status, 2) << result.err;
    EXPECT_THAT(result.err, HasSubstr(bad[0]));
    EXPECT_EQ(scratch.names(), before);
  }
}

struct LabelCase {
  const char* name;
  const char* pixel_format;
  bool rotated;
};

class Label : public Provenance, public ::testing::WithParamInterface<LabelCase> {
 protected:
  static constexpr std::size_t kSide = 320, kLuma = kSide * kSide;
};

// A face for 1.2 s, none for 0.8 s.
TEST_P(Label, ChangesItsOwnPixelsOfAlteredFramesAndNothingElse) {
  const LabelCase& c = GetParam();
  std::string clip = make_portrait_clip(scratch, "v.mov", 2), video = scratch.file("source.mov");
  if (c.rotated) clip = make_phone_clip(scratch, "turned.mov", clip);
  ASSERT_EQ(run({"ffmpeg", "-v", "error", "-noautorotate", "-i", clip, "-vf",
                 "drawbox=t=fill:color=gray:enable='gte(t,1.19)'", "-pix_fmt", c.pixel_format, "-c:v", "ffv1",
                 "-strict", "-2", video})
                .status,
            0);
  std::string plain = scratch.file("plain.mov"), shown = scratch.file("shown.mov");
  const std::vector<std::string> lossless{"--video-codec", "ffv1", "--mask-out"};
  auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), lossless.begin(), lossless.end());
    return more;
  };
  RunResult result = render(video, plain, with({scratch.file("plain_mask.mkv")}));
  ASSERT_EQ(result.status, 0) << result.err;
  result = render(video, shown, with({scratch.file("shown_mask.mkv"), "--label", "KI \xC3\xA4ndert"}));
  ASSERT_EQ(result.status, 0) << result.err;

  const std::size_t frames = 50, bytes = std::string(c.pixel_format).find("10") != std::string::npos ? 2 : 1;
  const bool half_height = std::string(c.pixel_format).find("420") != std::string::npos;
  const std::size_t chroma = kLuma / (half_height ? 4 : 2), frame_bytes = (kLuma + 2 * chroma) * bytes;
  std::string a = raw_video(plain, c.pixel_format), b = raw_video(shown, c.pixel_format);
  std::string mask_a = raw_video(scratch.file("plain_mask.mkv"), "gray"),
              mask_b = raw_video(scratch.file("shown_mask.mkv"), "gray");
  ASSERT_EQ(a.size(), frames * frame_bytes);
  ASSERT_EQ(b.size(), a.size());
  ASSERT_EQ(mask_b.size(), frames * kLuma);
  std::size_t labelled = 0;
  for (std::size_t f = 0; f < frames; ++f) {
    const char *ma = mask_a.data() + f * kLuma, *mb = mask_b.data() + f * kLuma;
    const std::string_view fa(a.data() + f * frame_bytes, frame_bytes),
        fb(b.data() + f * frame_bytes, frame_bytes);
    const bool altered = std::any_of(ma, ma + kLuma, [](char m) { return m != 0; });
    if (!altered) {
      EXPECT_TRUE(fa == fb) << f << ": frames that keep their pixels carry no label";
      EXPECT_TRUE(std::all_of(mb, mb + kLuma, [](char m) { return m == 0; }));
      continue;
    }
    ++labelled;
    auto differs = [&](std::size_t sample) {
      return fa.substr(sample * bytes, bytes) != fb.substr(sample * bytes, bytes);
    };
    std::size_t added = 0, outside = 0, lost = 0;
    for (std::size_t i = 0; i < kLuma; ++i) {
      const std::size_t x = i % kSide, y = i / kSide;
      const bool of_label = mb[i] != ma[i];
      added += of_label;
      lost += ma[i] != 0 && mb[i] == 0;
      outside += !of_label && differs(i);
      if (mb[i] != ma[i] || x % 2 != 0 || (half_height && y % 2 != 0)) continue;
      const std::size_t at = (half_height ? y / 2 : y) * (kSide / 2) + x / 2;
      outside += differs(kLuma + at);
      outside += differs(kLuma + chroma + at);
    }
    EXPECT_GT(added, 500U) << f;
    EXPECT_LT(added, kLuma / 20) << f;
    EXPECT_EQ(outside, 0U) << f;
    EXPECT_EQ(lost, 0U) << f;
  }
  EXPECT_GT(labelled, 20U);
  EXPECT_LE(labelled, 30U);
}

INSTANTIATE_TEST_SUITE_P(Formats, Label,
                         ::testing::Values(LabelCase{"yuv420p", "yuv420p", false},
                                           LabelCase{"yuv422p10", "yuv422p10le", false},
                                           LabelCase{"rotated", "yuv420p", true}),
                         [](const auto& test) { return test.param.name; });

TEST_F(Provenance, TheLabelIsUprightForTheViewerOfTurnedFootage) {
  std::string clip = make_portrait_clip(scratch, "v.mov", 0.4);
  std::string turned = make_phone_clip(scratch, "turned.mov", clip);
  const std::size_t side = 320;
  // What the label alone does to the first picture that a player shows.
  auto ink = [&](const std::string& video) {
    std::string seen[2];
    for (int i = 0; i < 2; ++i) {
      std::string out = scratch.file("out.mov");
      RunResult result =
          render(video, out,
                 {"-y", "--video-codec", "ffv1", "--label", i == 0 ? "" : "AI altered", "--threads", "1"});
      EXPECT_EQ(result.status, 0) << result.err;
      seen[i] = raw_video(out, "gray", true).substr(0, side * side);
    }
    std::vector<int> change;
    for (std::size_t i = 0; i < seen[0].size(); ++i)
      change.push_back(int(static_cast<unsigned char>(seen[1][i])) -
                       int(static_cast<unsigned char>(seen[0][i])));
    return change;
  };
  const std::vector<int> upright = ink(clip), side_on = ink(turned);
  ASSERT_EQ(upright.size(), side * side);
  ASSERT_EQ(side_on.size(), side * side);
  std::size_t changed = 0, unlike = 0;
  for (std::size_t i = 0; i < upright.size(); ++i) {
    const std::size_t x = i % side, y = i / side;
    if (side_on[i] == 0 && upright[i] == 0) continue;
    ++changed;
    EXPECT_TRUE(x >= 16 && x < side / 2 && y > side * 8 / 10 && y <= side * 95 / 100) << x << ", " << y;
    unlike += std::abs(upright[i] - side_on[i]) > 24;  // the clips were encoded apart
  }
  EXPECT_GT(changed, 500U);
  EXPECT_LT(unlike, changed / 50);
}

}  // namespace
}  // namespace resyncer::testing
