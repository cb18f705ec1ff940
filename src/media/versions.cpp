#include "resyncer/media/versions.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
}

namespace resyncer::media {

std::string ffmpeg_version() { return av_version_info(); }

std::string libav_versions() {
  std::string text;
  const auto add = [&](const char* name, unsigned version) {
    text += (text.empty() ? "" : ", ") + std::string(name) + " " + std::to_string(AV_VERSION_MAJOR(version)) +
            "." + std::to_string(AV_VERSION_MINOR(version)) + "." + std::to_string(AV_VERSION_MICRO(version));
  };
  add("libavformat", avformat_version());
  add("libavcodec", avcodec_version());
  add("libswscale", swscale_version());
  add("libswresample", swresample_version());
  return text;
}

bool has_encoder(const std::string& name) { return avcodec_find_encoder_by_name(name.c_str()) != nullptr; }
bool has_decoder(const std::string& name) { return avcodec_find_decoder_by_name(name.c_str()) != nullptr; }

}  // namespace resyncer::media
