// toml++, safe for files that anybody may have written. Where it takes its own state for impossible, version
// 3.3 asserts, and with NDEBUG lets the compiler assume, what a hostile file brings about ("[q>u]"). Here that
// ends the parsing. Include this, never <toml++/toml.h>: all of the program has to have the same toml++.
#pragma once

#include <string>
#include <string_view>

#include "resyncer/core/error.h"

namespace resyncer::config {
[[noreturn]] void refuse_toml();  // throws
}

#pragma push_macro("NDEBUG")
#undef NDEBUG
#define TOML_ASSERT(condition) ((condition) ? void() : ::resyncer::config::refuse_toml())
#define TOML_HEADER_ONLY 0  // its code is in toml.cpp
#include <toml++/toml.h>
#pragma pop_macro("NDEBUG")

namespace resyncer::config {

// `place` names the text in messages. Throws core::Error{kind} with PLACE:LINE on what is no TOML.
toml::table parse_toml(std::string_view text, const std::string& place,
                       core::ErrorKind kind = core::ErrorKind::usage);

}  // namespace resyncer::config
