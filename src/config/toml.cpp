#define TOML_IMPLEMENTATION
#include "resyncer/config/toml.h"

#include <algorithm>
#include <stdexcept>

namespace resyncer::config {

namespace {

// Where the string that begins at `at` ends: behind its closing quotes, or with its line or the text.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const std::string closing(text.substr(at, 3) == std::string(3, quote) ? 3 : 1, quote);
  for (at += closing.size(); at < text.size(); ++at) {
    if (quote == '"' && text[at] == '\\') {
      ++at;
    } else if (text.substr(at, closing.size()) == closing) {
      at += closing.size();
      while (closing.size() == 3 && at < text.size() && text[at] == quote) ++at;  // its own last characters
      return at;
    } else if (closing.size() == 1 && text[at] == '\n') {
      return at;
    }
  }
  return text.size();
}

// toml++ 3.3 takes "a.a.a..." of any depth, and overflows the stack when it lets go of the tables.
bool has_deep_key(std::string_view text) {
  constexpr int kMostDots = 100;
  int dots = 0;  // outside strings, since a key can have begun
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == '#') {
      at = std::min(text.find('\n', at), text.size());
    } else if (c == '"' || c == '\'') {
      at = end_of_string(text, at);
    } else {
      if (c == '.' && ++dots > kMostDots) return true;
      if (std::string_view("=\n,[]{}").find(c) != std::string_view::npos) dots = 0;
      ++at;
    }
  }
  return false;
}

}  // namespace

void refuse_toml() { throw std::logic_error("toml++ has lost its way"); }

toml::table parse_toml(std::string_view text, const std::string& place, core::ErrorKind kind) {
  if (has_deep_key(text)) throw core::Error(kind, "a key has more than 100 dots", place);
  try {
    return toml::parse(text, place);
  } catch (const toml::parse_error& fault) {
    throw core::Error(kind, std::string(fault.description()),
                      place + ":" + std::to_string(fault.source().begin.line), "it has to be TOML");
  } catch (const std::logic_error&) {
    throw core::Error(kind, "this is no TOML", place);
  }
}

}  // namespace resyncer::config
