// The pictures that the identity network looks at.
#pragma once

#include <filesystem>
#include <vector>

#include "resyncer/core/image.h"
#include "resyncer/pipeline/analysis.h"

namespace resyncer::pipeline {

// Of the largest face in a picture or video: gray, identity::kFacePicture px a side. At most so many, evenly
// of the frames that show it well; none where no frame does. Throws Error{input}.
std::vector<core::ImageU8> face_pictures(const std::filesystem::path& path, const Analysis& analysis,
                                         int most);

}  // namespace resyncer::pipeline
