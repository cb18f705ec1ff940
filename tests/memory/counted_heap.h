// What operator new has handed out in this executable (torch's tensors and libav's buffers are not among it).
#pragma once

#include <cstdint>

namespace resyncer::testing {

std::int64_t live_bytes();
// Highest live_bytes since `begin_peak`, over what it was then.
void begin_peak();
std::int64_t peak_bytes();

}  // namespace resyncer::testing
