#include "resyncer/pipeline/speakers.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <fstream>

#include "pipeline/speaker_entries.h"
#include "resyncer/core/error.h"
#include "resyncer/core/timecode.h"

namespace resyncer::pipeline {

namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorKind;

constexpr std::uintmax_t kMostBytes = 1 << 20;
constexpr double kLongest = 1e6;   // s
constexpr float kFarthest = 1e6F;  // px
constexpr const char* kTurn = "write START-END:FACE:FILE, as 0-12.5:1:anna.wav";

[[noreturn]] void refuse(const std::string& what, const std::string& place, const std::string& remedy = "") {
  throw Error(ErrorKind::usage, what, place, remedy);
}

// Numbers with commas between them; nullopt when any is none.
std::optional<std::vector<float>> numbers(std::string_view text) {
  std::vector<float> values;
  for (bool last = false; !last;) {
    const std::size_t comma = text.find(',');
    last = comma == std::string_view::npos;
    const std::string_view part = text.substr(0, comma);
    float value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc() || end != part.data() + part.size() || !(std::abs(value) <= kFarthest))
      return std::nullopt;
    values.push_back(value);
    if (!last) text.remove_prefix(comma + 1);
  }
  return values;
}

// Whether the text is a face; `face` is left empty for a narrator.
bool read_face(std::string_view text, std::optional<track::FaceChoice>* face) {
  face->reset();
  if (text == "none") return true;
  const auto values = numbers(text);
  if (!values) return false;
  track::FaceChoice choice;
  const std::vector<float>& v = *values;
  if (v.size() == 1 && v[0] >= 0 && v[0] == std::floor(v[0]))
    choice.index = int(v[0]);
  else if (v.size() == 2)
    choice.point = core::Point2(v[0], v[1]);
  else if (v.size() == 4)
    choice.box = core::Box{int(v[0]), int(v[1]), int(v[2]), int(v[3])};
  if (!choice.index && !choice.point && (!choice.box || choice.box->empty())) return false;
  *face = choice;
  return true;
}

void check_turn(const Speaker& turn) {
  const auto& [start, end] = turn.range;
  if (!(start >= 0 && end <= kLongest)) refuse("its time is none from 0 to 1000000 s", turn.place);
  if (!(end > start)) refuse("it ends before it begins", turn.place);
  if (turn.face && turn.speech.empty())
    refuse("a face needs a speech file", turn.place, "name one, or the face \"none\"");
  if (turn.speech.native().find('\0') != std::string::npos)
    refuse("the file's name has a zero byte in it", turn.place);
}

Speaker turn_of(const SpeakerEntry& entry, const fs::path& folder) {
  Speaker turn;
  turn.place = entry.place;
  turn.range = {entry.start, entry.end};
  if (!read_face(entry.face, &turn.face))
    refuse("'" + entry.face + "' is no face", entry.place,
           "write its number (resyncer inspect), a point [X, Y], a box [L, T, R, B], or \"none\"");
  if (!entry.speech.empty()) turn.speech = folder / entry.speech;
  check_turn(turn);
  return turn;
}

bool is_same(const track::FaceChoice& a, const track::FaceChoice& b) {
  const core::Box p = a.box.value_or(core::Box{}), q = b.box.value_or(core::Box{});
  return a.index == b.index && a.point == b.point && a.box.has_value() == b.box.has_value() &&
         p.left == q.left && p.top == q.top && p.right == q.right && p.bottom == q.bottom;
}

}  // namespace

Speaker parse_speaker(const std::string& text) {
  Speaker turn;
  turn.place = "--speaker " + text;
  const std::string_view all = text;
  const std::size_t dash = all.find('-');
  if (dash == std::string::npos || all.find(':', dash) == std::string::npos)
    refuse("is no turn", turn.place, kTurn);
  const std::string_view rest = all.substr(dash + 1);
  const auto start = core::parse_time(all.substr(0, dash));
  std::optional<double> end;
  bool any_end = false;
  // "1:10:0:a.wav" is a minute and ten seconds, and face 0.
  for (std::size_t colon = rest.find(':'); colon != std::string::npos; colon = rest.find(':', colon + 1)) {
    const auto time = core::parse_time(rest.substr(0, colon));
    if (!time) break;
    any_end = true;
    const std::size_t file = rest.find(':', colon + 1);
    std::optional<track::FaceChoice> face;
    if (!read_face(rest.substr(colon + 1, file == std::string::npos ? file : file - colon - 1), &face))
      continue;
    end = time;
    turn.face = face;
    turn.speech = file == std::string::npos ? fs::path() : fs::path(rest.substr(file + 1));
  }
  if (!start || !any_end) refuse("START or END is no time", turn.place, kTurn);
  if (!end)
    refuse("no face stands behind the times", turn.place,
           "write its number (resyncer inspect), a point X,Y, a box L,T,R,B, or none for a narrator");
  turn.range = {*start, *end};
  check_turn(turn);
  return turn;
}

std::vector<Speaker> parse_speaker_map(std::string_view text, SpeakerMapFormat format, const fs::path& map) {
  const auto entries =
      format == SpeakerMapFormat::toml ? toml_entries(text, map.string()) : json_entries(text, map.string());
  std::vector<Speaker> turns;
  turns.reserve(entries.size());
  for (const SpeakerEntry& entry : entries) turns.push_back(turn_of(entry, map.parent_path()));
  return turns;
}

std::vector<Speaker> read_speaker_map(const fs::path& map) {
  const bool is_json = map.extension() == ".json";
  if (!is_json && map.extension() != ".toml")
    refuse("is neither a .toml nor a .json", map.string(), "name the map's format by its ending");
  std::error_code error;
  const auto status = fs::status(map, error);
  if (!fs::exists(status)) throw Error(ErrorKind::input, "there is no such speaker map", map.string());
  if (!fs::is_regular_file(status))  // a pipe would wait for ever; a device may be endless
    throw Error(ErrorKind::input, "the speaker map is no ordinary file", map.string());
  std::ifstream stream(map, std::ios::binary);
  std::string text(kMostBytes + 1, '\0');
  stream.read(text.data(), std::streamsize(text.size()));
  if (!stream.is_open() || stream.bad())
    throw Error(ErrorKind::input, "the speaker map cannot be read", map.string());
  if (stream.gcount() > std::streamsize(kMostBytes))
    throw Error(ErrorKind::input, "is too large for a speaker map", map.string());
  text.resize(std::size_t(stream.gcount()));
  return parse_speaker_map(text, is_json ? SpeakerMapFormat::json : SpeakerMapFormat::toml, map);
}

void order_turns(std::vector<Speaker>* turns) {
  std::stable_sort(turns->begin(), turns->end(),
                   [](const Speaker& a, const Speaker& b) { return a.range.start < b.range.start; });
  for (auto a = turns->begin(); a != turns->end(); ++a)
    for (auto b = a + 1; b != turns->end() && b->range.start < a->range.end; ++b) {
      if (!a->face || !b->face || !is_same(*a->face, *b->face)) continue;
      char text[96];
      std::snprintf(text, sizeof text, "two turns of one face at %g s; the other is ", b->range.start);
      refuse(text + a->place, b->place, "let one end where the next begins");
    }
}

std::vector<fs::path> speech_files(const std::string& option, const std::string& value,
                                   const fs::path& folder) {
  std::vector<fs::path> files;
  if (option != "speaker" && option != "speakers") return files;
  try {
    if (option == "speaker") {
      const Speaker turn = parse_speaker(value);
      if (!turn.speech.empty()) files.push_back(folder / turn.speech);
    } else {
      for (const Speaker& turn : read_speaker_map(folder / value))
        if (!turn.speech.empty()) files.push_back(turn.speech);
    }
  } catch (const Error&) {
    return {};  // the render says what is wrong
  }
  return files;
}

}  // namespace resyncer::pipeline
