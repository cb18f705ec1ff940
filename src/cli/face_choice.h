#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "resyncer/track/face_tracker.h"

namespace resyncer::cli {

// --face N, --face-at X,Y and --face-box L,T,R,B.
struct FaceFlags {
  int index = -1;
  std::string point, box;
};
// These, and --landmarks.
void add_face_options(CLI::App* command, FaceFlags* flags, track::TrackerOptions* tracker);

// At most one may be given. Throws core::Error{usage}.
track::FaceChoice parse_face_choice(const FaceFlags& flags);

}  // namespace resyncer::cli
