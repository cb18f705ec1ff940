// HDR as it looks on an ordinary screen, so that what was trained on ordinary pictures finds its faces.
#pragma once

#include <array>
#include <cstdint>

#include "resyncer/media/video_frame.h"

namespace resyncer::media {

// 8-bit code of an ordinary screen for each 8-bit code [0, 255]; the identity for SDR. Light by ITU-R BT.2100
// (HLG on a screen of 1000 cd/m2), white at 203 cd/m2 (BT.2408), what is brighter than three quarters of it
// rolled off.
using ToneTable = std::array<std::uint8_t, 256>;
const ToneTable& tone_table(Transfer transfer);

}  // namespace resyncer::media
