#define TOML_IMPLEMENTATION
#include "resyncer/config/toml.h"

#include <stdexcept>

namespace resyncer::config {

void refuse_toml() { throw std::logic_error("toml++ has lost its way"); }

toml::table parse_toml(std::string_view text, const std::string& place, core::ErrorKind kind) {
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
