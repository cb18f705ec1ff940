#include "cli/option_table.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

namespace resyncer::cli {

namespace {

using Names = std::set<std::string_view>;

// CLI11 knows that an option takes a text, not what the text is.
const Names kFiles = {"a",           "audio",        "b",           "checkpoint", "clips",   "config",
                      "curve",       "datasets",     "drive",       "file",       "html",    "identity",
                      "initial",     "init-encoder", "input",       "inputs",     "journal", "json",
                      "junit",       "landmarks",    "report",      "manifest",   "mask",    "mask-out",
                      "motion-in",   "output",       "motion-out",  "person",     "phones",  "preview",
                      "progress",    "real",         "result",      "source",     "speech",  "speakers",
                      "speech-stem", "stats",        "sync-expert", "video",      "weights"};
const Names kFolders = {"all", "cache", "models", "sheets", "thumbnails"};

// Texts that choose among what is there, or read. What is not here stays with the user: an option that is
// new is more likely to write a file than to be harmless.
const Names kProjectTexts = {
    "audio",     "curve",    "drive",      "encoder",      "face-at",         "face-box", "fail-above",
    "from",      "identity", "fail-below", "init-encoder", "initial",         "label",    "landmarks",
    "languages", "mask",     "models",     "motion-in",    "offset-ms",       "person",   "phones",
    "preset",    "range",    "real",       "source",       "speaker-pattern", "speakers", "speech-stem",
    "style",     "to",       "until",      "variants",     "video-codec"};
const Names kUserFlags = {"yes", "no-provenance", "no-config"};

std::string lower_type(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  return type.substr(0, type.find(':'));
}

std::string_view last_name(const CLI::Option& option) {
  return option.get_lnames().empty() ? std::string_view() : std::string_view(option.get_lnames().front());
}

void collect(const CLI::App& command, std::vector<const CLI::App*>* list) {
  list->push_back(&command);
  for (const CLI::App* inner : command.get_subcommands({})) collect(*inner, list);
}

}  // namespace

std::string full_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  if (parent == nullptr) return "";
  const std::string outer = full_name(*parent);
  return outer.empty() ? command.get_name() : outer + " " + command.get_name();
}

std::vector<const CLI::App*> all_commands(const CLI::App& root) {
  std::vector<const CLI::App*> list;
  collect(root, &list);
  return list;
}

const CLI::App* find_command(const CLI::App& root, const std::string& name) {
  for (const CLI::App* command : all_commands(root))
    if (full_name(*command) == name) return command;
  return nullptr;
}

std::vector<const CLI::Option*> named_options(const CLI::App& command) {
  return command.get_options([](const CLI::Option* option) {
    const std::string_view name = last_name(*option);
    return !name.empty() && name != "help" && name != "version";
  });
}

std::vector<const CLI::Option*> positionals(const CLI::App& command) {
  return command.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

const CLI::Option* find_option(const CLI::App& command, const std::string& name) {
  for (const CLI::Option* option : named_options(command))
    if (long_name(*option) == name) return option;
  return nullptr;
}

std::string long_name(const CLI::Option& option) { return std::string(last_name(option)); }

bool is_flag(const CLI::Option& option) { return option.get_items_expected_max() == 0; }

bool is_repeatable(const CLI::Option& option) {
  return !is_flag(option) && (option.get_items_expected_max() > 1 ||
                              option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll);
}

std::vector<std::string> choices(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t open = type.find(":{"), close = type.find('}');
  if (open == std::string::npos || close == std::string::npos) return {};
  return CLI::detail::split(type.substr(open + 2, close - open - 2), ',');
}

ValueKind value_kind(const CLI::Option& option) {
  if (is_flag(option))
    return option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll ? ValueKind::counter
                                                                               : ValueKind::flag;
  const std::string type = lower_type(option);
  if (type == "BOOLEAN") return ValueKind::truth;
  if (type == "INT" || type == "UINT") return ValueKind::whole;
  if (type == "FLOAT") return ValueKind::number;
  if (!choices(option).empty()) return ValueKind::choice;
  const std::string name = option.get_positional() ? option.get_name(true) : long_name(option);
  if (kFiles.count(name) != 0) return ValueKind::file;
  return kFolders.count(name) != 0 ? ValueKind::folder : ValueKind::text;
}

std::string value_name(const CLI::Option& option) {
  switch (value_kind(option)) {
    case ValueKind::flag:
    case ValueKind::counter:
      return "";
    case ValueKind::truth:
      return "true|false";
    case ValueKind::whole:
      return "N";
    case ValueKind::number:
      return "X";
    case ValueKind::choice:
      return CLI::detail::join(choices(option), "|");
    case ValueKind::file:
      return "FILE";
    case ValueKind::folder:
      return "DIR";
    case ValueKind::text:
      break;
  }
  return "TEXT";
}

std::string default_text(const CLI::Option& option) {
  std::string text = option.get_default_str();
  if (is_flag(option) || text == "[]" || text == "{}" || text == "\"\"") return "";
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  // -1 where only 0 and above may be given, and the like, stand for nothing.
  for (int i = 0;; ++i) {
    try {
      std::string copy = text;
      const CLI::Validator* validator = const_cast<CLI::Option&>(option).get_validator(i);
      if (!(*validator)(copy).empty()) return "";
    } catch (const CLI::OptionNotFound&) {
      return text;
    }
  }
}

std::string variable_name(const CLI::App& command, const CLI::Option& option) {
  std::string name = full_name(command);
  name = "RESYNCER_" + (name.empty() ? "" : name + "_") + long_name(option);
  for (char& c : name) c = c == '-' || c == ' ' ? '_' : char(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

bool may_be_set_by_project(const CLI::Option& option) {
  if (option.get_required()) return false;
  const std::string name = long_name(option);
  switch (value_kind(option)) {
    case ValueKind::flag:
      return kUserFlags.count(name) == 0;
    case ValueKind::file:
    case ValueKind::folder:
    case ValueKind::text:
      return kProjectTexts.count(name) != 0;
    default:
      return true;
  }
}

}  // namespace resyncer::cli
