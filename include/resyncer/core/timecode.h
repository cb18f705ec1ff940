// Times as people write them.
#pragma once

#include <optional>
#include <string_view>

namespace resyncer::core {

// Seconds of "12.5", "1:02.5" (minutes) or "00:01:02.500" (hours); nullopt when it is no time. Never
// negative.
std::optional<double> parse_time(std::string_view text);

}  // namespace resyncer::core
