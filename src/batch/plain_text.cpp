#include "batch/plain_text.h"

#include <cstdint>

namespace resyncer::batch {

namespace {

constexpr const char* kReplacement = "\xEF\xBF\xBD";

// Bytes of the character that begins at `at`; 0 = none does, or XML has no place for it.
std::size_t character_at(const std::string& text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return std::uint32_t(static_cast<unsigned char>(text[i])); };
  const std::uint32_t lead = byte(at);
  if (lead < 0x80) return lead >= 0x20 && lead != 0x7F ? 1 : lead == '\n' || lead == '\t' || lead == '\r';
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || at + length > text.size()) return 0;
  std::uint32_t code = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return 0;
    code = code << 6 | (byte(at + i) & 0x3F);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool none = code > 0x10FFFF || (code >= 0xD800 && code < 0xE000) || code == 0xFFFE ||
                    code == 0xFFFF || (code >= 0x80 && code < 0xA0);
  return overlong || none ? 0 : length;
}

}  // namespace

std::string plain_text(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = character_at(text, at);
    if (length == 0)
      out += kReplacement;
    else
      out.append(text, at, length);
    at += length == 0 ? 1 : length;
  }
  return out;
}

std::string plain_line(const std::string& text) {
  std::string out = plain_text(text);
  for (char& c : out)
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  return out;
}

std::string xml_text(const std::string& text) {
  std::string out;
  for (char c : plain_text(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace resyncer::batch
