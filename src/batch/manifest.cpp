#include "resyncer/batch/manifest.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

#include "batch/manifest_formats.h"
#include "resyncer/core/error.h"

namespace resyncer::batch {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorKind;

namespace {
// What no command line can take.
std::string fault_of(const std::vector<Field>& fields) {
  std::size_t bytes = 0;
  for (const Field& field : fields)
    for (const std::string& value : field.values) {
      bytes += field.name.size() + value.size() + 4;
      if ((field.name + value).find('\0') != std::string::npos) return "'" + field.name + "' has a NUL";
    }
  return bytes > kMostRowBytes ? "the row is longer than 96 KiB" : "";
}
}  // namespace

std::optional<ManifestFormat> format_named(const std::string& name) {
  if (name == "csv") return ManifestFormat::csv;
  if (name == "jsonl" || name == "ndjson") return ManifestFormat::jsonl;
  if (name == "toml") return ManifestFormat::toml;
  return std::nullopt;
}

ManifestFormat guess_format(const fs::path& file, const std::string& text) {
  const std::string extension = file.extension().string();
  if (!extension.empty())
    if (auto named = format_named(extension.substr(1))) return *named;
  const std::size_t first = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  return first != std::string::npos && text[first] == '{' ? ManifestFormat::jsonl : ManifestFormat::csv;
}

std::string read_manifest(const fs::path& file) {
  std::error_code ignored;
  if (file != "-" && fs::is_directory(file, ignored))
    throw Error(ErrorKind::usage, "is a folder, no manifest", file.string());
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> opened(
      file == "-" ? nullptr : std::fopen(file.c_str(), "rbe"), std::fclose);
  std::FILE* in = file == "-" ? stdin : opened.get();
  if (in == nullptr) throw Error(ErrorKind::usage, "the manifest cannot be read", file.string());
  std::string text;
  std::array<char, 1 << 16> block{};
  while (std::size_t n = std::fread(block.data(), 1, block.size(), in)) {
    text.append(block.data(), n);
    if (text.size() > kMostManifestBytes)
      throw Error(ErrorKind::usage, "the manifest is larger than 64 MiB", file.string(), "split it");
  }
  if (std::ferror(in) != 0)
    throw Error(ErrorKind::usage, "the manifest cannot be read to its end", file.string());
  return text;
}

std::vector<Row> parse_manifest(const std::string& text, ManifestFormat format, const std::string& place) {
  if (text.find('\0') != std::string::npos)
    throw Error(ErrorKind::usage, "the manifest has NUL bytes", place, "write it as plain text");
  const std::string bare = text.compare(0, 3, "\xEF\xBB\xBF") == 0 ? text.substr(3) : text;
  std::vector<Row> rows = format == ManifestFormat::csv     ? parse_csv(bare, place)
                          : format == ManifestFormat::jsonl ? parse_jsonl(bare, place)
                                                            : parse_toml(bare, place);
  if (rows.empty()) throw Error(ErrorKind::usage, "the manifest has no jobs", place);
  for (Row& row : rows) {
    if (row.fault.empty()) row.fault = fault_of(row.fields);
    if (!row.fault.empty()) row.fields.clear();
  }
  return rows;
}

int add_row(std::vector<Row>* rows, int line, const std::string& place) {
  if (rows->size() >= kMostRows)
    throw Error(ErrorKind::usage, "the manifest has more than 100000 jobs", place, "split it");
  rows->push_back({int(rows->size()) + 1, line, {}, {}});
  return int(rows->size());
}

}  // namespace resyncer::batch
