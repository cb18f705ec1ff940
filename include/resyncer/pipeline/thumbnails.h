// A picture of every face track, to choose one by.
#pragma once

#include <filesystem>
#include <vector>

#include "resyncer/pipeline/analysis.h"

namespace resyncer::pipeline {

// "DIR/face-3.png".
std::filesystem::path thumbnail_file(const std::filesystem::path& folder, int track_id);

// Writes the face of every track, 256 px: of its well seen frames the most frontal ones, of these the
// sharpest. Makes the folder. Decodes the video up to the last of them. Throws Error{input, output}.
void write_thumbnails(const std::filesystem::path& video, const Analysis& analysis,
                      const std::filesystem::path& folder);

}  // namespace resyncer::pipeline
