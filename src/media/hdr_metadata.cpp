#include "hdr_metadata.h"

#include <cmath>
#include <cstdio>
#include <cstring>

#include "demux.h"

namespace resyncer::media {

namespace {
using core::Error;
using core::ErrorKind;

template <typename T>
void take(const std::uint8_t* data, std::size_t size, std::optional<T>* to) {
  if (data == nullptr || size < sizeof(T) || *to) return;
  T value;
  std::memcpy(&value, data, sizeof(T));
  *to = value;
}

template <typename T>
void give(const std::optional<T>& value, AVPacketSideDataType type, AVStream* stream) {
  if (!value || av_stream_get_side_data(stream, type, nullptr) != nullptr) return;
  std::uint8_t* data = av_stream_new_side_data(stream, type, sizeof(T));
  if (data == nullptr) throw Error(ErrorKind::memory, "out of memory");
  std::memcpy(data, &*value, sizeof(T));
}

double number(AVRational r) { return r.den == 0 ? 0 : av_q2d(r); }

// x264 and x265 count in 1/50000 and 1/10000 cd/m2, SVT-AV1 in plain numbers.
std::string display_text(const AVMasteringDisplayMetadata& d, bool plain) {
  auto text = [plain](double value, double unit) {
    char digits[32];
    std::snprintf(digits, sizeof digits, plain ? "%.5f" : "%.0f", plain ? value : value * unit);
    return std::string(digits);
  };
  auto point = [&](const char* name, const AVRational* xy) {
    return name + ("(" + text(number(xy[0]), 50000)) + "," + text(number(xy[1]), 50000) + ")";
  };
  const auto& rgb = d.display_primaries;
  return point("G", rgb[1]) + point("B", rgb[2]) + point("R", rgb[0]) + point("WP", d.white_point) + "L(" +
         text(number(d.max_luminance), 10000) + "," + text(number(d.min_luminance), 10000) + ")";
}
}  // namespace

bool is_hdr(AVColorTransferCharacteristic transfer) {
  return transfer == AVCOL_TRC_SMPTE2084 || transfer == AVCOL_TRC_ARIB_STD_B67;
}

HdrMetadata hdr_metadata(const AVStream& stream, const std::filesystem::path& path) {
  HdrMetadata found;
  if (!is_hdr(stream.codecpar->color_trc)) return found;
  std::size_t size = 0;
  const std::uint8_t* data = av_stream_get_side_data(&stream, AV_PKT_DATA_MASTERING_DISPLAY_METADATA, &size);
  take(data, size, &found.display);
  data = av_stream_get_side_data(&stream, AV_PKT_DATA_CONTENT_LIGHT_LEVEL, &size);
  take(data, size, &found.light);
  if (av_stream_get_side_data(&stream, AV_PKT_DATA_DOVI_CONF, nullptr) != nullptr)
    found.lost.emplace_back("Dolby Vision");
  const Frame first = first_picture(path, stream.index);
  if (!first) return found;
  if (const auto* side = av_frame_get_side_data(first.get(), AV_FRAME_DATA_MASTERING_DISPLAY_METADATA))
    take(side->data, side->size, &found.display);
  if (const auto* side = av_frame_get_side_data(first.get(), AV_FRAME_DATA_CONTENT_LIGHT_LEVEL))
    take(side->data, side->size, &found.light);
  if (av_frame_get_side_data(first.get(), AV_FRAME_DATA_DYNAMIC_HDR_PLUS) != nullptr)
    found.lost.emplace_back("HDR10+");
  return found;
}

void add_to(const HdrMetadata& metadata, AVStream* stream) {
  give(metadata.display, AV_PKT_DATA_MASTERING_DISPLAY_METADATA, stream);
  give(metadata.light, AV_PKT_DATA_CONTENT_LIGHT_LEVEL, stream);
}

std::string encoder_parameters(const HdrMetadata& metadata, const std::string& encoder) {
  const bool x264 = encoder == "libx264", x265 = encoder == "libx265", svt = encoder == "libsvtav1";
  if (!x264 && !x265 && !svt) return "";
  std::string text;
  const auto& display = metadata.display;
  if (display && display->has_primaries != 0 && display->has_luminance != 0)
    text = (x265 ? "master-display=" : "mastering-display=") + display_text(*display, svt);
  if (metadata.light)
    text += (text.empty() ? "" : ":") +
            std::string(x264   ? "cll="
                        : x265 ? "max-cll="
                               : "content-light=") +
            std::to_string(metadata.light->MaxCLL) + "," + std::to_string(metadata.light->MaxFALL);
  return text;
}

}  // namespace resyncer::media
