// When a frame is looked through for faces, and at what size: known to who searches ahead and to the tracker.
#pragma once

#include <cstdint>

namespace resyncer::track {

struct TrackerOptions;

bool is_search_due(const TrackerOptions& options, std::int64_t index);
// Beside the detector's wish; frames are enlarged only for a reason.
float search_resize(const TrackerOptions& options, int width, int height);

}  // namespace resyncer::track
