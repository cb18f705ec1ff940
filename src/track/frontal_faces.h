#pragma once

#include <iterator>
#include <string>

namespace resyncer::track {

// dlib's frontal face detector as dlib serializes it, unpacked by the build (write_frontal_faces).
std::string frontal_faces();

}  // namespace resyncer::track
