#pragma once

#include <string>

#include "resyncer/track/face_tracker.h"

namespace resyncer::cli {

// --face, --face-at X,Y and --face-box L,T,R,B (unset: -1 and empty). At most one may be given.
// Throws core::Error{usage}.
track::FaceChoice parse_face_choice(int index, const std::string& point, const std::string& box);

}  // namespace resyncer::cli
