// XMP in ISO base media files (MP4): libav writes it into QuickTime's own place (MOV) only.
#pragma once

#include <filesystem>
#include <string>

namespace resyncer::media {

// The top-level `uuid` box of the XMP specification (part 3, MPEG-4) with this packet in it. The packet must
// be smaller than 4 GiB.
std::string xmp_box(const std::string& packet);

// Puts the box behind the file's last one, whose size must not be "to the end of the file" (libav never
// writes such). Throws Error{output}.
void append_xmp_box(const std::filesystem::path& file, const std::string& packet);

}  // namespace resyncer::media
