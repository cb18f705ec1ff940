// The end of a result that is shorter than what goes into it.
#pragma once

#include <cstdint>
#include <optional>

#include "libav.h"

namespace resyncer::media {

// A moment.
struct Cut {
  std::int64_t time = 0;
  AVRational time_base{1, 1};
};

// Shortens a packet that reaches beyond the cut: its duration, and of sound that is not compressed the
// samples too. False when it begins there or later and is to be dropped.
bool cut_packet(const Cut& cut, AVRational time_base, const AVCodecParameters& parameters, AVPacket* packet);

}  // namespace resyncer::media
