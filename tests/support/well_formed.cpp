#include "support/well_formed.h"

#include <regex>
#include <vector>

namespace resyncer::support {

namespace {

// std::regex would exhaust its stack on pictures of a megabyte.
std::string without_pictures(const std::string& page) {
  static const std::string start = "data:image/jpeg;base64,";
  std::string out;
  std::size_t at = 0;
  for (std::size_t found = page.find(start); found != std::string::npos; found = page.find(start, at)) {
    out.append(page, at, found + start.size() - at);
    at = page.find('"', found);
    if (at == std::string::npos) return out;
  }
  return out + page.substr(at);
}

// Of one tag, between its angle brackets.
std::string fault_of_tag(const std::string& tag, std::vector<std::string>* open) {
  static const std::regex pattern(R"((/?)([a-zA-Z0-9]+)((?:\s+[a-zA-Z][a-zA-Z0-9:-]*="[^"<]*")*)\s*(/?))");
  std::smatch parts;
  if (!std::regex_match(tag, parts, pattern)) return "malformed tag <" + tag.substr(0, 80) + ">";
  const std::string name = parts[2];
  if (name == "script" || name == "link" || name == "iframe") return "a " + name;
  static const std::regex reference(R"re((src|href|xlink:href|data|action)="(?!data:image/jpeg;base64,))re");
  const std::string attributes = parts[3];
  if (std::regex_search(attributes, reference)) return "something is fetched: " + attributes.substr(0, 80);
  if (parts[1] == "/") {
    if (open->empty() || open->back() != name) return "</" + name + "> closes nothing";
    open->pop_back();
  } else if (parts[4] != "/") {
    open->push_back(name);
  }
  return "";
}

}  // namespace

std::string fault_of_page(const std::string& page) {
  const std::string text = without_pictures(page);
  static const std::regex bare(R"(&(?!(amp|lt|gt|quot|#\d+);))");
  if (std::regex_search(text, bare)) return "a bare ampersand";
  if (text.find("@import") != std::string::npos || text.find("url(") != std::string::npos)
    return "a style sheet fetches something";
  std::vector<std::string> open;
  for (std::size_t at = text.find('<'); at != std::string::npos; at = text.find('<', at)) {
    const std::size_t end = text.find('>', at);
    if (end == std::string::npos) return "a tag has no end";
    const std::string tag = text.substr(at + 1, end - at - 1);
    at = end;
    if (tag == "!DOCTYPE html") continue;
    if (std::string fault = fault_of_tag(tag, &open); !fault.empty()) return fault;
  }
  return open.empty() ? "" : "<" + open.back() + "> is never closed";
}

}  // namespace resyncer::support
