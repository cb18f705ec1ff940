// How bright and how wide the screen was that HDR pictures were graded on (SMPTE ST 2086), and their light
// levels (CTA-861.3). Containers keep it beside the stream, codecs inside: both are read and both are
// written.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "libav.h"

extern "C" {
#include <libavutil/mastering_display_metadata.h>
}

namespace resyncer::media {

struct HdrMetadata {
  std::optional<AVMasteringDisplayMetadata> display;
  std::optional<AVContentLightMetadata> light;
  std::vector<std::string> lost;  // names of what changes with every picture and cannot be kept
};

bool is_hdr(AVColorTransferCharacteristic transfer);  // PQ or HLG
// Of a video stream of the file; nothing where it is not HDR.
HdrMetadata hdr_metadata(const AVStream& stream, const std::filesystem::path& path);
void add_to(const HdrMetadata& metadata, AVStream* stream);
// "key=value:key=value" for the option named `<family>-params` of libx264, libx265 and libsvtav1; empty =
// none.
std::string encoder_parameters(const HdrMetadata& metadata, const std::string& encoder);

}  // namespace resyncer::media
