#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "batch/manifest_formats.h"
#include "resyncer/core/error.h"

namespace resyncer::batch {

namespace {

using nlohmann::json;

// Text of a number, a truth value or a string; nullopt = no value of an option.
std::optional<std::string> text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "true" : "false";
  if (value.is_number()) return value.dump();
  return std::nullopt;
}

// The fields of a line; throws what is wrong with it, as a sentence.
std::vector<Field> fields_of(const std::string& line) {
  std::set<std::string> keys;
  std::string twice;
  auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::key && depth == 1 && !keys.insert(parsed.get<std::string>()).second)
      twice = parsed.get<std::string>();
    return true;
  };
  json object;
  try {
    object = json::parse(line, watch);
  } catch (const json::exception&) {
    throw std::invalid_argument("the line is not JSON");
  }
  if (!object.is_object()) throw std::invalid_argument("the line is no JSON object");
  if (!twice.empty()) throw std::invalid_argument("'" + twice + "' occurs twice");
  std::vector<Field> fields;
  for (const auto& [name, value] : object.items()) {
    if (value.is_null()) continue;  // not given
    Field field{name, {}};
    auto add = [&field](const json& element) {
      std::optional<std::string> text = text_of(element);
      if (!text)
        throw std::invalid_argument("'" + field.name +
                                    "' is neither text, number, true, false nor a list of them");
      field.values.push_back(std::move(*text));
    };
    if (value.is_array())
      for (const json& element : value) add(element);
    else
      add(value);
    if (!field.values.empty()) fields.push_back(std::move(field));
  }
  return fields;
}

}  // namespace

std::vector<Row> parse_jsonl(const std::string& text, const std::string& place) {
  std::vector<Row> rows;
  int number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    add_row(&rows, number, place);
    try {
      rows.back().fields = fields_of(line);
    } catch (const std::invalid_argument& fault) {
      rows.back().fault = fault.what();
    }
  }
  if (std::all_of(rows.begin(), rows.end(), [](const Row& row) { return !row.fault.empty(); }) &&
      !rows.empty())
    throw core::Error(core::ErrorKind::usage, "no line is a JSON object of texts and numbers", place,
                      "say with --format what it is");
  return rows;
}

}  // namespace resyncer::batch
