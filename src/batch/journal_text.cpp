#include <limits>
#include <nlohmann/json.hpp>

#include "batch/journal_lines.h"
#include "batch/plain_text.h"
#include "resyncer/batch/journal.h"

namespace resyncer::batch {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kMostLineBytes = std::size_t{1} << 20;
constexpr std::size_t kMostFiles = 64, kMostWarnings = 64;  // of one job

// Paths are bytes, JSON is UTF-8: other bytes are written as a list of numbers.
json path_json(const fs::path& path, const fs::path& folder) {
  const fs::path inside = path.lexically_relative(folder);
  const bool below = !inside.empty() && *inside.begin() != "..";
  const std::string text = (below ? inside : path).string();
  try {
    (void)json(text).dump();
    return text;
  } catch (const json::exception&) {
    return std::vector<unsigned char>(text.begin(), text.end());
  }
}

fs::path path_of(const json& value, const fs::path& folder) {
  std::string text;
  if (value.is_string()) {
    text = value.get<std::string>();
  } else {
    for (const json& byte : value) {
      if (!byte.is_number_unsigned() || byte.get<std::uint64_t>() > 255) throw std::invalid_argument("path");
      text += char(byte.get<unsigned char>());
    }
  }
  if (text.empty() || text.find('\0') != std::string::npos) throw std::invalid_argument("path");
  return (folder / text).lexically_normal();
}

std::string hash_of(const json& value) {
  std::string text = value.get<std::string>();
  if (text.size() != 64 || text.find_first_not_of("0123456789abcdef") != std::string::npos)
    throw std::invalid_argument("hash");
  return text;
}

template <typename T>
T number_of(const json& value) {
  if (!value.is_number_integer()) throw std::invalid_argument("number");
  if (std::is_unsigned_v<T> && !value.is_number_unsigned()) throw std::invalid_argument("number");
  if (std::is_signed_v<T> && value.is_number_unsigned() &&
      value.get<std::uint64_t>() > std::uint64_t(std::numeric_limits<std::int64_t>::max()))
    throw std::invalid_argument("number");
  return value.get<T>();
}

const json& files_of(const json& line) {
  const json& files = line.at("files");
  if (!files.is_array() || files.empty() || files.size() > kMostFiles) throw std::invalid_argument("files");
  return files;
}

JournalEntry entry_of(const json& line, const fs::path& folder) {
  JournalEntry entry{hash_of(line.at("key")), {}};
  for (const json& file : files_of(line))
    entry.files.push_back({path_of(file.at("path"), folder), number_of<std::uint64_t>(file.at("bytes")),
                           number_of<std::int64_t>(file.at("modified_ns")), hash_of(file.at("sha256"))});
  if (const auto warnings = line.find("warnings"); warnings != line.end()) {
    if (!warnings->is_array() || warnings->size() > kMostWarnings) throw std::invalid_argument("warnings");
    entry.warnings = warnings->get<std::vector<std::string>>();
  }
  return entry;
}

void read_line(const std::string& text, const fs::path& folder, JournalContent* content) {
  const json line = json::parse(text);
  const std::string event = line.at("event").get<std::string>();
  if (event == "hash") {
    const FileStamp stamp{
        number_of<std::uint64_t>(line.at("bytes")), number_of<std::uint64_t>(line.at("inode")),
        number_of<std::int64_t>(line.at("modified_ns")), number_of<std::int64_t>(line.at("changed_ns"))};
    content->hashes[path_of(line.at("path"), folder)] = {stamp, hash_of(line.at("sha256"))};
  } else if (event == "begin") {
    for (const json& file : files_of(line)) content->ours.insert(path_of(file, folder));
  } else if (event == "done") {
    JournalEntry entry = entry_of(line, folder);
    for (const WrittenFile& file : entry.files) content->ours.insert(file.path);
    content->done[path_of(line.at("output"), folder)] = std::move(entry);
  } else {
    throw std::invalid_argument("event");
  }
}

}  // namespace

std::size_t read_journal_text(const std::string& text, const fs::path& folder, JournalContent* content) {
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    const std::string line = text.substr(begin, end - begin);
    begin = end + 1;
    if (line.empty()) continue;
    try {
      if (line.size() > kMostLineBytes) throw std::invalid_argument("long");
      read_line(line, folder, content);
    } catch (const std::exception&) {
      ++content->ignored_lines;
    }
  }
  return begin;
}

std::string begin_line(const std::vector<fs::path>& outputs, const fs::path& folder) {
  json files = json::array();
  for (const fs::path& output : outputs) files.push_back(path_json(output, folder));
  return json{{"event", "begin"}, {"files", files}}.dump() + "\n";
}

std::string done_line(const fs::path& output, const JournalEntry& entry, const fs::path& folder) {
  json files = json::array();
  for (const WrittenFile& file : entry.files)
    files.push_back({{"path", path_json(file.path, folder)},
                     {"bytes", file.bytes},
                     {"modified_ns", file.modified_ns},
                     {"sha256", file.sha256}});
  json line{{"event", "done"}, {"output", path_json(output, folder)}, {"key", entry.key}, {"files", files}};
  for (const std::string& warning : entry.warnings) line["warnings"].push_back(plain_line(warning));
  return line.dump() + "\n";
}

std::string hash_line(const fs::path& file, const HashedFile& hash, const fs::path& folder) {
  return json{{"event", "hash"},
              {"path", path_json(file, folder)},
              {"bytes", hash.stamp.bytes},
              {"inode", hash.stamp.inode},
              {"modified_ns", hash.stamp.modified_ns},
              {"changed_ns", hash.stamp.changed_ns},
              {"sha256", hash.sha256}}
             .dump() +
         "\n";
}

std::string journal_text(const JournalContent& content, const fs::path& folder) {
  std::string text;
  for (const auto& [file, hash] : content.hashes) text += hash_line(file, hash, folder);
  for (const fs::path& file : content.ours) text += begin_line({file}, folder);
  for (const auto& [output, entry] : content.done) text += done_line(output, entry, folder);
  return text;
}

}  // namespace resyncer::batch
