// A manifest as it stands in its file: rows of named values, whatever the format.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace resyncer::batch {

enum class ManifestFormat {
  csv,    // RFC 4180 with a header line; a column that occurs twice is a list
  jsonl,  // one JSON object a line
  toml    // [[job]] tables, and one [defaults] table that they extend
};

struct Field {
  std::string name;
  std::vector<std::string> values;  // never empty; several are a repeated option
};

struct Row {
  int number = 0;  // of the job in the manifest, from 1
  int line = 0;    // where it begins in the file, from 1
  std::vector<Field> fields;
  std::string fault;  // why the row cannot be read; empty = it can
};

constexpr std::size_t kMostManifestBytes = std::size_t{64} << 20;
constexpr std::size_t kMostRows = 100'000;
constexpr std::size_t kMostRowBytes = 96 << 10;  // of all values: they become a command line

// "csv", "jsonl", "toml"; none of them = nullopt.
std::optional<ManifestFormat> format_named(const std::string& name);
// By the file's extension (.csv, .jsonl or .ndjson, .toml), else by the first byte: '{' = JSONL, else CSV.
ManifestFormat guess_format(const std::filesystem::path& file, const std::string& text);

// The whole text; "-" = standard input. Throws Error{usage}.
std::string read_manifest(const std::filesystem::path& file);

// Rows that cannot be read stay in the list, with their fault. Throws Error{usage} for a text that is no
// manifest at all. `place`: how errors call it.
std::vector<Row> parse_manifest(const std::string& text, ManifestFormat format, const std::string& place);

}  // namespace resyncer::batch
