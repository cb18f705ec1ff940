// Names and messages out of hostile files, made fit to be shown.
#pragma once

#include <string>

namespace resyncer::batch {

// Valid UTF-8 that XML 1.0 and JSON take: what is neither is replaced by U+FFFD.
std::string plain_text(const std::string& text);
// The same on one line, without commands to a terminal.
std::string plain_line(const std::string& text);
// plain_text with the markup characters of XML escaped, for text and attributes.
std::string xml_text(const std::string& text);

}  // namespace resyncer::batch
