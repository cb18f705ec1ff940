#pragma once

#include <string>
#include <vector>

#include "resyncer/pipeline/render.h"

namespace resyncer::cli {

// What `resyncer render` would be told by these arguments. Opens nothing but the files that options are read
// from. Throws core::Error{usage} with `place` before what is wrong.
pipeline::RenderOptions parse_render(const std::vector<std::string>& arguments, const std::string& place);

}  // namespace resyncer::cli
