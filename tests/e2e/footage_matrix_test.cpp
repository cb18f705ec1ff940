// Any footage: what came in goes out, but for the mouth. ffmpeg and ffprobe are the witnesses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <regex>
#include <set>
#include <sstream>

#include "e2e/footage.h"
#include "e2e/footage_case.h"

namespace resyncer::testing {

FootageCase untouched(std::string name, std::string file, Words encode, Words facts) {
  FootageCase c;
  c.name = std::move(name);
  c.outcome = Outcome::untouched;
  c.file = std::move(file);
  c.encode = std::move(encode);
  c.facts = std::move(facts);
  c.rate = "25";
  c.options = {"--video-codec", "ffv1"};
  return c;
}

FootageCase kept(std::string name, std::string file, Words encode, Words facts) {
  FootageCase c = untouched(std::move(name), std::move(file), std::move(encode), std::move(facts));
  c.outcome = Outcome::kept;
  c.options.clear();
  c.result = "out" + c.file.substr(c.file.rfind('.'));
  return c;
}

FootageCase refused(std::string name, std::string file, Words encode, int status, Words says) {
  FootageCase c = kept(std::move(name), std::move(file), std::move(encode), {});
  c.outcome = Outcome::refused;
  c.status = status;
  c.says = std::move(says);
  return c;
}

void PrintTo(const FootageCase& c, std::ostream* out) { *out << c.name; }

namespace {
using ::testing::HasSubstr;

std::string checked(const Words& command) {
  RunResult result = run(command);
  std::string text;
  for (const std::string& word : command) text += word + " ";
  if (result.status != 0) throw std::runtime_error(text + ": " + result.err);
  return result.out;
}

void append(Words* words, const Words& more) { words->insert(words->end(), more.begin(), more.end()); }

std::string make_clip(const ScratchFolder& scratch, const FootageCase& c) {
  Words command = {"ffmpeg", "-v", "error",
                   "-loop",  "1",  "-framerate",
                   c.rate,   "-i", RESYNCER_SOURCE_DIR "/tests/data/astronaut.png"};
  append(&command, c.inputs);
  std::string filter =
      "rotate='0.02*sin(2*PI*t/5)':fillcolor=gray,crop=400:400:'56+6*sin(2*PI*t/4)':0,scale=320:320";
  if (!c.filter.empty()) filter += "," + c.filter;
  const bool cut =
      !c.steps.empty() && std::find(c.steps[0].begin(), c.steps[0].end(), "-ss") != c.steps[0].end();
  append(&command, {"-filter:v:0", filter + ",trim=end_frame=" + std::to_string(cut ? 20 : c.frames)});
  bool formatted = std::find(c.encode.begin(), c.encode.end(), "-pix_fmt") != c.encode.end();
  bool prores = std::find(c.encode.begin(), c.encode.end(), "prores_ks") != c.encode.end();
  if (!formatted) append(&command, {"-pix_fmt", prores ? "yuv422p10le" : "yuv420p"});
  if (std::find(c.encode.begin(), c.encode.end(), "libx264") != c.encode.end())
    append(&command, {"-crf", "12", "-preset", "veryfast"});
  append(&command, c.encode);
  command.push_back(scratch.file(c.file));
  checked(command);
  std::string clip = scratch.file(c.file);
  for (const Words& step : c.steps) {
    Words next = {"ffmpeg", "-v", "error"};
    bool placed = std::find(step.begin(), step.end(), "IN") != step.end();
    if (!placed) append(&next, {"-i", clip});
    for (const std::string& word : step)
      if (word == "IN")
        append(&next, {"-i", clip});
      else
        next.push_back(word);
    clip = next.back() = scratch.file(next.back());
    checked(next);
  }
  return clip;
}

// Fractions in lowest terms: 34000/50000 and 17/25 are one number.
std::string reduced(const std::string& value) {
  std::size_t slash = value.find('/');
  bool fraction =
      slash != std::string::npos && slash > 0 && value.find_first_not_of("0123456789/") == std::string::npos;
  if (!fraction || slash + 1 == value.size()) return value;
  long a = std::stol(value), b = std::stol(value.substr(slash + 1)), divisor = std::max(1L, std::gcd(a, b));
  return std::to_string(a / divisor) + "/" + std::to_string(b / divisor);
}

using Facts = std::map<std::string, std::set<std::string>>;

// What ffprobe says of the first video stream and of its first frame. Both must say the same.
Facts facts_of(const std::string& file) {
  std::istringstream text(checked({"ffprobe", "-v", "error", "-select_streams", "v:0", "-show_streams",
                                   "-show_frames", "-read_intervals", "%+#1", "-of", "default=nw=1", file}));
  Facts facts;
  for (std::string line; std::getline(text, line);) {
    std::size_t equals = line.find('=');
    std::string value = line.substr(equals + 1);
    if (equals == std::string::npos || value == "unknown" || value == "N/A" || value == "unspecified")
      continue;
    facts[line.substr(0, equals)].insert(reduced(value));
  }
  return facts;
}

// Of a mastering display AV1 writes binary fractions of 14 and more digits: 17/25 becomes 11141/16384.
bool is_of_mastering_display(const std::string& key) {
  return std::regex_match(key, std::regex("(red|green|blue|white_point)_[xy]|(min|max)_luminance"));
}

double quotient(const std::string& fraction) {
  const std::size_t slash = fraction.find('/');
  return slash == std::string::npos ? std::stod(fraction)
                                    : std::stod(fraction) / std::stod(fraction.substr(slash + 1));
}

void expect_facts(const Facts& facts, const Words& wanted, const std::string& whose) {
  for (const std::string& fact : wanted) {
    std::size_t equals = fact.find('=');
    const std::string key = fact.substr(0, equals), value = reduced(fact.substr(equals + 1));
    auto found = facts.find(key);
    std::set<std::string> values = found != facts.end() ? found->second : std::set<std::string>();
    if (is_of_mastering_display(key)) {
      EXPECT_FALSE(values.empty()) << whose << ": " << key;
      for (const std::string& said : values)
        EXPECT_NEAR(quotient(said), quotient(value), 1. / 16384) << whose << ": " << key;
    } else {
      EXPECT_THAT(values, ::testing::ElementsAre(value)) << whose << ": " << key;
    }
  }
}

std::vector<double> numbers(const std::string& text) {
  std::vector<double> list;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    if (!line.empty() && line.find("N/A") == std::string::npos) list.push_back(std::stod(line));
  return list;
}

std::vector<double> sorted(std::vector<double> list) {
  std::sort(list.begin(), list.end());
  return list;
}

std::vector<double> frame_times(const std::string& file) {
  return sorted(numbers(probe(file, "frame=best_effort_timestamp_time", "v:0")));
}

double last_length(const std::string& file) {
  std::vector<double> lengths = numbers(probe(file, "frame=pkt_duration_time", "v:0"));
  return lengths.empty() ? 0 : lengths.back();
}

double tick_of(const std::string& file, const std::string& stream) {
  std::string base = probe(file, "stream=time_base", stream);  // "1/1000"
  return std::stod(base) / std::stod(base.substr(base.find('/') + 1));
}

void expect_times(const std::vector<double>& wanted, const std::vector<double>& got, double tick,
                  const char* what) {
  ASSERT_EQ(got.size(), wanted.size()) << what;
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_NEAR(got[i], wanted[i], tick / 2 + 2e-6) << what << ' ' << i;
}

double rate_of(const std::string& text) {
  std::size_t slash = text.find('/');
  return std::stod(text) / (slash == std::string::npos ? 1 : std::stod(text.substr(slash + 1)));
}

// --- samples
struct SamplePlane {
  int shift_x = 0, shift_y = 0;  // of its picture against the full one
  int step = 1;                  // samples of each of its pixels
  int used = step;               // of them, those that mean something
};

std::vector<SamplePlane> planes_of(const std::string& format) {
  auto has = [&](const char* part) { return format.find(part) != std::string::npos; };
  if (has("gray")) return {{}};
  if (format == "bgr0") return {{0, 0, 4, 3}};
  if (format == "bgra") return {{0, 0, 4, 4}};
  if (has("gbrp")) return {{}, {}, {}};
  int x = has("444") || has("440") ? 0 : has("411") || has("410") ? 2 : 1;
  int y = has("420") || has("440") ? 1 : has("410") ? 2 : 0;
  std::vector<SamplePlane> planes = {{}, {x, y, 1, 1}, {x, y, 1, 1}};
  if (has("yuva")) planes.push_back({});
  return planes;
}

struct Comparison {
  std::int64_t frames = 0, repainted = 0, changed_outside = 0, alpha_values = 0;
};

// One byte a pixel in the mask; a chroma sample counts where no pixel of its block is touched. An alpha plane
// is never.
Comparison compare_samples(const std::string& before, const std::string& after, const std::string& mask,
                           const std::string& format, int width, int height) {
  Comparison result;
  const std::vector<SamplePlane> planes = planes_of(format);
  const int bytes = format.find("le") != std::string::npos ? 2 : 1;
  const std::size_t pixels = std::size_t(width) * height;
  result.frames = std::int64_t(mask.size() / pixels);
  for (char m : mask) result.repainted += m != 0;
  std::set<std::string> alphas;
  std::size_t at = 0;
  for (std::int64_t f = 0; f < result.frames; ++f) {
    const char* m = mask.data() + std::size_t(f) * pixels;
    for (std::size_t p = 0; p < planes.size(); ++p) {
      const SamplePlane& plane = planes[p];
      const int w = (width + (1 << plane.shift_x) - 1) >> plane.shift_x,
                h = (height + (1 << plane.shift_y) - 1) >> plane.shift_y;
      for (int y = 0; y < h; ++y)
        for (int x = 0; x < w; ++x, at += std::size_t(plane.step) * bytes) {
          bool touched = false;
          for (int v = y << plane.shift_y; v < std::min(height, (y + 1) << plane.shift_y); ++v)
            for (int u = x << plane.shift_x; u < std::min(width, (x + 1) << plane.shift_x); ++u)
              touched = touched || m[std::size_t(v) * width + u] != 0;
          const std::size_t size = std::size_t(plane.used) * bytes;
          const bool is_alpha = p == 3;
          if (is_alpha) alphas.insert(before.substr(at, size));
          if (touched && !is_alpha) continue;
          result.changed_outside += before.compare(at, size, after, at, size) != 0;
        }
    }
  }
  EXPECT_EQ(at, before.size());
  result.alpha_values = std::int64_t(alphas.size());
  return result;
}

std::string raw(const std::string& file, const std::string& format, bool alpha_vp9) {
  Words command = {"ffmpeg", "-v", "error", "-noautorotate"};
  if (alpha_vp9) append(&command, {"-c:v", "libvpx-vp9"});
  append(&command, {"-i", file, "-map", "0:v:0", "-f", "rawvideo", "-fps_mode", "passthrough", "-pix_fmt",
                    format, "-"});
  return checked(command);
}

class FootageMatrix : public ::testing::TestWithParam<FootageCase> {
 protected:
  void check_times(const std::string& clip, const std::string& out) {
    const FootageCase& c = GetParam();
    std::vector<double> wanted;
    if (c.counted_times)
      for (int i = 0; i < c.frames; ++i) wanted.push_back((c.first_time + i) / rate_of(c.rate));
    else
      wanted = c.every_packet ? sorted(numbers(probe(clip, "packet=pts_time", "v:0"))) : frame_times(clip);
    EXPECT_EQ(wanted.size() + std::size_t(c.timeless), std::size_t(c.frames));
    expect_times(wanted, frame_times(out), tick_of(out, "v:0"), "picture");
    double before = last_length(clip), after = last_length(out);
    if (before > 0 && after > 0 && !c.counted_times) {
      EXPECT_NEAR(after, before, 0.5 / rate_of(c.rate)) << "the last picture's length";
    }
  }

  void check_streams(const std::string& clip, const std::string& out) {
    const FootageCase& c = GetParam();
    if (!c.streams.empty()) {
      std::istringstream text(probe(out, "stream=codec_type"));
      Words types;
      for (std::string line; std::getline(text, line);)
        if (!line.empty()) types.push_back(line);
      EXPECT_EQ(types, c.streams);
    }
    for (const Words& pair : c.same_packets) {
      EXPECT_FALSE(packet_hashes(clip, pair[0]).empty()) << pair[0];
      EXPECT_EQ(packet_hashes(out, pair[1]), packet_hashes(clip, pair[0])) << pair[0];
      auto times = [](const std::string& file, const std::string& stream) {
        return sorted(numbers(probe(file, "packet=pts_time", stream)));
      };
      expect_times(times(clip, pair[0]), times(out, pair[1]), tick_of(out, pair[1]), pair[0].c_str());
    }
    if (!c.lines.empty()) {
      auto lines = [](const std::string& file) {
        return "\n" + checked({"ffprobe", "-v", "error", "-show_format", "-show_streams", "-show_chapters",
                               "-of", "default=nw=1", file});
      };
      std::string before = lines(clip), after = lines(out);
      for (const std::string& line : c.lines) {
        EXPECT_THAT(before, HasSubstr("\n" + line + "\n")) << "the clip";
        EXPECT_THAT(after, HasSubstr("\n" + line + "\n"));
      }
    }
  }

  void check_samples(const std::string& clip, const std::string& out, const std::string& mask_file) {
    const Facts facts = facts_of(out);
    const std::string format = *facts.at("pix_fmt").begin();
    const int width = std::stoi(*facts.at("width").begin()), height = std::stoi(*facts.at("height").begin());
    const bool vp9 = format == "yuva420p" && clip.find(".webm") != std::string::npos;
    const std::string source_format = *facts_of(clip).at("pix_fmt").begin();
    const bool full = source_format.rfind("yuvj", 0) == 0;  // another name for yuv of full range
    Comparison samples =
        compare_samples(raw(clip, full ? source_format : format, vp9), raw(out, format, false),
                        raw(mask_file, "gray", false), format, width, height);
    EXPECT_EQ(samples.changed_outside, 0);
    EXPECT_EQ(samples.frames, GetParam().frames);
    EXPECT_LT(samples.repainted, samples.frames * width * height / 2);
    if (format.find("yuva") == 0 && !GetParam().filter.empty()) {
      EXPECT_GT(samples.alpha_values, 100);
    }
  }

  ScratchFolder scratch;
};

TEST_P(FootageMatrix, IsKeptOrRefused) {
  const FootageCase& c = GetParam();
  std::string clip = make_clip(scratch, c), out = scratch.file(c.result), mask = scratch.file("mask.mkv");
  const Facts before = facts_of(clip);
  expect_facts(before, c.facts, "the clip");
  expect_facts(before, c.source_facts, "the clip");

  Words arguments = {"render", clip,         "-a", make_speech(scratch, "s.wav"), "-o", out, "--renderer",
                     "warp",   "--mask-out", mask};
  append(&arguments, c.options);
  RunResult result = resyncer(arguments, {"XDG_CACHE_HOME=" + scratch.file("cache")});
  for (const std::string& part : c.says) EXPECT_THAT(result.err, HasSubstr(part));
  if (c.outcome == Outcome::refused) {
    EXPECT_EQ(result.status, c.status) << result.err;
    EXPECT_FALSE(std::filesystem::exists(out));
    EXPECT_FALSE(std::filesystem::exists(mask));
    return;
  }
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(decode_errors(out), "");
  const Facts after = facts_of(out);
  expect_facts(after, c.facts, "the render");
  expect_facts(after, c.result_facts, "the render");
  bool format_told = false;
  for (const std::string& fact : c.result_facts) format_told = format_told || fact.rfind("pix_fmt=", 0) == 0;
  if (!format_told) {
    EXPECT_EQ(after.at("pix_fmt"), before.at("pix_fmt"));
  }
  check_times(clip, out);
  check_streams(clip, out);
  const std::string touched = raw_video(mask, "gray");
  EXPECT_GT(std::count_if(touched.begin(), touched.end(), [](char m) { return m != 0; }), c.frames * 300)
      << "the mouth must have been repainted";
  if (c.outcome == Outcome::untouched) check_samples(clip, out, mask);
}

std::string name_of(const ::testing::TestParamInfo<FootageCase>& test) { return test.param.name; }

INSTANTIATE_TEST_SUITE_P(Pictures, FootageMatrix, ::testing::ValuesIn(picture_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(Times, FootageMatrix, ::testing::ValuesIn(time_cases()), name_of);
INSTANTIATE_TEST_SUITE_P(Containers, FootageMatrix, ::testing::ValuesIn(container_cases()), name_of);

}  // namespace
}  // namespace resyncer::testing
