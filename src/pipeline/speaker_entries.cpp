#include "pipeline/speaker_entries.h"

#include <nlohmann/json.hpp>
#include <set>

#include "resyncer/config/toml.h"
#include "resyncer/core/error.h"
#include "resyncer/core/timecode.h"

namespace resyncer::pipeline {

namespace {

using core::Error;
using core::ErrorKind;
using nlohmann::json;

constexpr std::size_t kMostTurns = 10000;
constexpr int kDeepest = 4;  // an object, its list, an entry, a face's numbers

[[noreturn]] void refuse(const std::string& what, const std::string& place, const std::string& remedy = "") {
  throw Error(ErrorKind::usage, what, place, remedy);
}

double seconds_of(const json& value, const std::string& key, const std::string& place) {
  if (value.is_number()) return value.get<double>();
  const auto time = value.is_string() ? core::parse_time(value.get_ref<const std::string&>()) : std::nullopt;
  if (!time) refuse("'" + key + "' is no time", place, "write seconds, or text as \"1:02.5\"");
  return *time;
}

// As on the command line.
std::string face_text(const json& value, const std::string& place) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return value.dump();
  std::string list;
  bool is_list = value.is_array() && (value.size() == 2 || value.size() == 4);
  if (is_list)
    for (const json& number : value) {
      is_list = is_list && number.is_number();
      list += (list.empty() ? "" : ",") + (is_list ? number.dump() : "");
    }
  if (!is_list) refuse("'face' is no number, no list of 2 or 4 numbers, and not \"none\"", place);
  return list;
}

SpeakerEntry entry_of(const json& value, const std::string& place) {
  if (!value.is_object()) refuse("is no table of start, end, face and speech", place);
  const std::set<std::string> known = {"start", "end", "face", "speech"};
  for (const auto& [key, inner] : value.items())
    if (known.count(key) == 0) refuse("'" + key + "' is none of start, end, face and speech", place);
  for (const char* key : {"start", "end", "face"})
    if (!value.contains(key)) refuse(std::string("'") + key + "' is missing", place);
  SpeakerEntry entry;
  entry.place = place;
  entry.start = seconds_of(value["start"], "start", place);
  entry.end = seconds_of(value["end"], "end", place);
  entry.face = face_text(value["face"], place);
  if (value.contains("speech")) {
    if (!value["speech"].is_string()) refuse("'speech' is no file's name", place);
    entry.speech = value["speech"].get<std::string>();
  }
  return entry;
}

std::vector<SpeakerEntry> entries_of(const json& list, const std::string& map) {
  if (!list.is_array() || list.empty()) refuse("has no list of speakers", map, "see docs/speakers.md");
  if (list.size() > kMostTurns) refuse("has more than 10000 speakers", map);
  std::vector<SpeakerEntry> entries;
  entries.reserve(list.size());
  for (const json& value : list)
    entries.push_back(entry_of(value, map + ", speaker " + std::to_string(entries.size() + 1)));
  return entries;
}

// What an entry may hold; anything else becomes null, which is refused as neither time, face nor name.
json scalar(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* whole = node.as_integer()) return whole->get();
  if (const auto* real = node.as_floating_point()) return real->get();
  return nullptr;
}

json json_of(const toml::table& table) {
  json entry = json::object();
  for (const auto& [key, node] : table) {
    json& value = entry[std::string(key.str())];
    value = scalar(node);
    if (const toml::array* list = node.as_array()) {
      value = json::array();
      for (const toml::node& inner : *list) value.push_back(scalar(inner));
    }
  }
  return entry;
}

[[noreturn]] void refuse_key(const std::string& key, const std::string& map) {
  refuse("unknown key '" + key + "'", map, "a speaker map has a list 'speaker', and nothing beside it");
}

}  // namespace

std::vector<SpeakerEntry> toml_entries(std::string_view text, const std::string& map) {
  const toml::table whole = config::parse_toml(text, map, ErrorKind::input);
  json list;
  for (const auto& [key, node] : whole) {
    if (key != "speaker") refuse_key(std::string(key.str()), map);
    if (const toml::array* speakers = node.as_array())
      for (const toml::node& speaker : *speakers)
        list.push_back(speaker.is_table() ? json_of(*speaker.as_table()) : json());
  }
  return entries_of(list, map);
}

std::vector<SpeakerEntry> json_entries(std::string_view text, const std::string& map) {
  bool too_deep = false;
  std::string twice;
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    too_deep = too_deep || depth > kDeepest;
    if (event == json::parse_event_t::object_start) keys.emplace_back();
    if (event == json::parse_event_t::object_end) keys.pop_back();
    if (event == json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second)
      twice = parsed.get<std::string>();
    return !too_deep;
  };
  const json whole = json::parse(text, watch, false);
  if (too_deep || whole.is_discarded())
    throw Error(ErrorKind::input, "this is no JSON of a speaker map", map, "see docs/speakers.md");
  if (!twice.empty()) refuse("the key '" + twice + "' stands twice", map);
  if (!whole.is_object()) return entries_of(whole, map);
  for (const auto& [key, inner] : whole.items())
    if (key != "speaker") refuse_key(key, map);
  return entries_of(whole.value("speaker", json()), map);
}

}  // namespace resyncer::pipeline
