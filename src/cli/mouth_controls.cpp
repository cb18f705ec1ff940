#include "cli/mouth_controls.h"

#include <charconv>
#include <optional>

#include "resyncer/core/error.h"
#include "resyncer/core/timecode.h"

namespace resyncer::cli {

namespace {

using core::Error;
using core::ErrorKind;

pipeline::TimeRange parse_range(const std::string& text) {
  const std::size_t dash = text.find('-');
  const auto start = core::parse_time(std::string_view(text).substr(0, dash));
  const auto end =
      dash == std::string::npos ? std::nullopt : core::parse_time(std::string_view(text).substr(dash + 1));
  if (!start || !end)
    throw Error(ErrorKind::usage, "'" + text + "' is no range", "--range",
                "write START-END, as 12.5-20 or 1:02.5-1:10");
  if (*end <= *start) throw Error(ErrorKind::usage, "'" + text + "' ends before it begins", "--range");
  return {*start, *end};
}

// All of the text as a number within the limits.
std::optional<float> number(const std::string& text, const motion::Limits& limits) {
  float value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || !(value >= limits.least && value <= limits.most)) return std::nullopt;
  return value;
}

float parse_offset(const std::string& text) {
  const auto value = number(text, motion::kOffsetMs);
  if (!value)
    throw Error(ErrorKind::usage, "'" + text + "' is neither auto nor milliseconds from -5000 to 5000",
                "--offset-ms");
  return *value;
}

// The flag's value or the file's column.
void take(const char* flag, bool given, const std::optional<motion::Curve>& column, motion::Curve* control) {
  if (!column) return;
  if (given)
    throw Error(ErrorKind::usage, "the curve file has this control too", flag, "leave out one of them");
  *control = *column;
}

// CLI::Range lets not-a-number pass.
CLI::Validator within(const motion::Limits& limits) {
  const std::string range =
      CLI::detail::to_string(limits.least) + " to " + CLI::detail::to_string(limits.most);
  return CLI::Validator(
      [=](std::string& text) {
        return number(text, limits) ? std::string() : "'" + text + "' is no number from " + range;
      },
      range);
}

}  // namespace

void add_mouth_options(CLI::App* command, MouthFlags* flags) {
  command
      ->add_option("--mouth-gain", flags->gain,
                   "How far the mouth goes from rest: 0 = not at all, 1 = as predicted (default), up to 2")
      ->check(within(motion::kGain));
  command
      ->add_option("--jaw-max", flags->jaw_max,
                   "Widest opening of the lips, height over width (default: no limit)")
      ->check(within(motion::kJawMax));
  command
      ->add_option("--smooth", flags->smooth,
                   "Smooth the motion over so many seconds (default 0; moves nothing in time)")
      ->check(within(motion::kSmooth));
  command->add_option("--offset-ms", flags->offset,
                      "Milliseconds that the mouth comes later than the sound; auto = as in the source");
  command
      ->add_option("--head", flags->head,
                   "source: as in the footage; still: of a picture, the only way it can be")
      ->check(CLI::IsMember({"source", "still"}));
  command->add_option("--curve", flags->curve, "These controls over time (CSV, see docs/control.md)");
  command
      ->add_option("--range", flags->ranges,
                   "START-END: repaint only these frames (12.5-20, 1:02.5-1:10); repeatable")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command->add_option("--motion-out", flags->motion_out,
                      "Write the mouth's motion: .json, or .pc2 with an .obj for Blender");
  command->add_option("--motion-in", flags->motion_in,
                      "Move the mouth as this file of --motion-out says, corrected or not");
}

pipeline::MouthControls parse_mouth_controls(const MouthFlags& flags) {
  pipeline::MouthControls controls;
  if (flags.gain) controls.gain = motion::Curve(*flags.gain);
  if (flags.jaw_max) controls.jaw_max = motion::Curve(*flags.jaw_max);
  if (flags.smooth) controls.smooth = motion::Curve(*flags.smooth);
  controls.keep_source_offset = flags.offset == "auto";
  if (!flags.offset.empty() && !controls.keep_source_offset)
    controls.offset_ms = motion::Curve(parse_offset(flags.offset));
  if (!flags.curve.empty()) {
    const motion::Curves curves = motion::read_curves(flags.curve);
    take("--mouth-gain", flags.gain.has_value(), curves.gain, &controls.gain);
    take("--jaw-max", flags.jaw_max.has_value(), curves.jaw_max, &controls.jaw_max);
    take("--smooth", flags.smooth.has_value(), curves.smooth, &controls.smooth);
    take("--offset-ms", !flags.offset.empty(), curves.offset_ms, &controls.offset_ms);
  }
  controls.still_head = flags.head == "still";
  for (const std::string& range : flags.ranges) controls.ranges.push_back(parse_range(range));
  controls.motion_in = flags.motion_in;
  controls.motion_out = flags.motion_out;
  return controls;
}

std::vector<std::filesystem::path> motion_outputs(const std::filesystem::path& motion_out) {
  if (motion_out.extension() != ".pc2") return {motion_out};
  return {motion_out, std::filesystem::path(motion_out).replace_extension(".obj")};
}

}  // namespace resyncer::cli
