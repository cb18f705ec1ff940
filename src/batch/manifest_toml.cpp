#include <algorithm>
#include <array>
#include <charconv>
#include <sstream>

#include "batch/manifest_formats.h"
#include "resyncer/config/toml.h"
#include "resyncer/core/error.h"

namespace resyncer::batch {

namespace {

using core::Error;
using core::ErrorKind;

std::optional<std::string> text_of(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* truth = node.as_boolean()) return truth->get() ? "true" : "false";
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* number = node.as_floating_point()) {
    std::array<char, 64> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number->get()).ptr;
    return std::string(digits.data(), end);
  }
  return std::nullopt;
}

// Throws what is wrong, as a sentence.
std::vector<Field> fields_of(const toml::table& table) {
  std::vector<Field> fields;
  for (const auto& [key, node] : table) {
    Field field{std::string(key.str()), {}};
    auto add = [&](const toml::node& value) {
      std::optional<std::string> text = text_of(value);
      if (!text)
        throw std::invalid_argument("'" + field.name +
                                    "' is neither text, number, true, false nor a list of them");
      field.values.push_back(std::move(*text));
    };
    if (const toml::array* list = node.as_array()) {
      for (const toml::node& value : *list) add(value);
    } else {
      add(node);
    }
    if (!field.values.empty()) fields.push_back(std::move(field));
  }
  return fields;
}

std::vector<Field> defaults_of(const toml::table& whole, const std::string& place) {
  const toml::node* defaults = whole.get("defaults");
  if (defaults == nullptr) return {};
  if (!defaults->is_table()) throw Error(ErrorKind::usage, "'defaults' is no table", place);
  try {
    return fields_of(*defaults->as_table());
  } catch (const std::invalid_argument& fault) {
    throw Error(ErrorKind::usage, std::string("[defaults]: ") + fault.what(), place);
  }
}

bool has(const std::vector<Field>& fields, const std::string& name) {
  for (const Field& field : fields)
    if (field.name == name) return true;
  return false;
}

}  // namespace

std::vector<Row> parse_toml(const std::string& text, const std::string& place) {
  const toml::table whole = config::parse_toml(text, place);
  for (const auto& [key, node] : whole)
    if (key != "job" && key != "defaults")
      throw Error(ErrorKind::usage, "unknown key '" + std::string(key.str()) + "'", place,
                  "a manifest has [[job]] tables and one [defaults] table");
  const std::vector<Field> defaults = defaults_of(whole, place);
  const toml::node* jobs = whole.get("job");
  if (jobs == nullptr) return {};
  if (!jobs->is_array()) throw Error(ErrorKind::usage, "jobs are [[job]] tables", place);
  std::vector<Row> rows;
  for (const toml::node& job : *jobs->as_array()) {
    add_row(&rows, int(job.source().begin.line), place);
    Row& row = rows.back();
    try {
      if (!job.is_table()) throw std::invalid_argument("the job is no table");
      row.fields = fields_of(*job.as_table());
    } catch (const std::invalid_argument& fault) {
      row.fault = fault.what();
      continue;
    }
    for (const Field& field : defaults)
      if (!has(row.fields, field.name)) row.fields.push_back(field);
  }
  return rows;
}

}  // namespace resyncer::batch
