// Which FFmpeg this is, and what it can do.
#pragma once

#include <string>

namespace resyncer::media {

std::string ffmpeg_version();  // "5.1.6", or what the distribution calls it
std::string libav_versions();  // "libavformat 59.27.100, libavcodec …", at run time
bool has_encoder(const std::string& name);
bool has_decoder(const std::string& name);

}  // namespace resyncer::media
