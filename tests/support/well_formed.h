// A second opinion on pages that the program writes.
#pragma once

#include <string>

namespace resyncer::support {

// What is wrong with an XHTML page that must stand alone: tags that do not match, attributes without quotes,
// bare ampersands, scripts, anything that would be fetched. Empty = nothing.
std::string fault_of_page(const std::string& page);

}  // namespace resyncer::support
