#include "cli/golden_manifest.h"

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "cli/command_render.h"
#include "resyncer/config/toml.h"
#include "resyncer/core/error.h"

namespace resyncer::cli {

namespace {

namespace fs = std::filesystem;
using core::Error;
using core::ErrorKind;

constexpr std::uintmax_t kMostBytes = 1 << 20;
constexpr std::size_t kMostName = 100;

toml::table parsed(const fs::path& file) {
  std::error_code error;
  const auto bytes = fs::file_size(file, error);
  std::ifstream stream(file, std::ios::binary);
  if (error || !stream)
    throw Error(ErrorKind::input, "the list of cases cannot be read", file.string(),
                "name it with --manifest");
  if (bytes > kMostBytes) throw Error(ErrorKind::input, "is too large for a list of cases", file.string());
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  return config::parse_toml(text, file.string(), ErrorKind::input);
}

std::string text_of(const toml::node& node, const std::string& key, const std::string& place) {
  if (const auto* text = node.as_string()) return text->get();
  std::ostringstream number;
  if (const auto* whole = node.as_integer()) number << whole->get();
  if (const auto* real = node.as_floating_point()) number << real->get();
  if (number.str().empty())
    throw Error(ErrorKind::usage, "'" + key + "' is neither text, number, true, false nor a list", place);
  return number.str();
}

// As render is told on its command line.
void append_option(const std::string& key, const toml::node& node, const std::string& place,
                   std::vector<std::string>* arguments) {
  static const std::set<std::string> kOurs = {"output",        "mask-out",      "motion-out", "preview",
                                              "stats",         "deterministic", "no-cache",   "yes",
                                              "no-provenance", "never",         "format",     "consent-note"};
  if (kOurs.count(key) > 0) throw Error(ErrorKind::usage, "'" + key + "' is not a case's to choose", place);
  const std::string option = (key.size() == 1 ? "-" : "--") + key;
  if (const auto* given = node.as_boolean()) {
    if (given->get()) arguments->push_back(option);
  } else if (const toml::array* list = node.as_array()) {
    for (const toml::node& value : *list) arguments->push_back(option + '=' + text_of(value, key, place));
  } else {
    arguments->push_back(option + '=' + text_of(node, key, place));
  }
}

bool is_plain(const std::string& name) {
  const auto* const kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
  return !name.empty() && name.size() <= kMostName && name[0] != '.' &&
         name.find_first_not_of(kLetters) == std::string::npos;
}

pipeline::GoldenCase case_of(const toml::table& table, const std::string& place) {
  auto text = [&](const char* key) {
    const toml::node* node = table.get(key);
    return node != nullptr ? text_of(*node, key, place) : std::string();
  };
  const std::string video = text("video"), speech = text("speech");
  if (video.empty() || speech.empty()) throw Error(ErrorKind::usage, "a case needs video and speech", place);
  pipeline::GoldenCase out;
  out.name = text("name");
  if (out.name.empty()) out.name = fs::path(video).stem().string() + "-" + fs::path(speech).stem().string();
  if (!is_plain(out.name))
    throw Error(ErrorKind::usage, "\"" + out.name + "\" cannot name a case's folder", place,
                "give it a name of letters, digits, '-', '_' and '.'");
  std::vector<std::string> options;
  for (const auto& [key, node] : table)
    if (const std::string name(key.str()); name != "name" && name != "video" && name != "speech")
      append_option(name, node, place, &options);
  for (const std::string& option : options) out.described += (out.described.empty() ? "" : " ") + option;
  std::vector<std::string> arguments = {video, "--audio=" + speech, "--output=unused.mkv"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  out.options = parse_render(arguments, place);
  return out;
}

}  // namespace

std::vector<pipeline::GoldenCase> read_golden_manifest(const fs::path& file) {
  const toml::table root = parsed(file);
  for (const auto& [key, node] : root)
    if (key.str() != "case")
      throw Error(ErrorKind::usage, "'" + std::string(key.str()) + "' is unknown", file.string(),
                  "write [[case]] tables");
  const toml::array* list = root.get("case") != nullptr ? root.get("case")->as_array() : nullptr;
  if (list == nullptr || list->empty())
    throw Error(ErrorKind::usage, "no [[case]] in it", file.string(), "see docs/commands/golden.md");
  std::vector<pipeline::GoldenCase> cases;
  std::set<std::string> names;
  for (const toml::node& node : *list) {
    const std::string place = file.string() + " line " + std::to_string(node.source().begin.line);
    const toml::table* table = node.as_table();
    if (table == nullptr) throw Error(ErrorKind::usage, "a case is a table", place);
    cases.push_back(case_of(*table, place));
    if (!names.insert(cases.back().name).second)
      throw Error(ErrorKind::usage, "the case " + cases.back().name + " stands twice", place,
                  "give one of them another name");
  }
  return cases;
}

}  // namespace resyncer::cli
