// Tiny media files made with libav itself, and what lies in a file packet by packet.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

extern "C" {
#include <libavutil/pixfmt.h>
}

#include "support/scratch_folder.h"

namespace resyncer::media::testing {

struct VideoSample {
  std::string encoder = "ffv1";
  AVPixelFormat format = AV_PIX_FMT_YUV420P;
  int width = 64, height = 48;
  int time_base_num = 1, time_base_den = 25;
  std::vector<std::int64_t> pts;  // one frame each
  int rotation_clockwise = 0;
  bool interlaced = false, top_field_first = true;
  AVColorTransferCharacteristic transfer = AVCOL_TRC_UNSPECIFIED;
  int audio_tracks = 0;  // PCM, one second each; track i holds samples of value 100 * (i + 1)
  bool subtitle = false, chapter = false;
  int change_size_at = -1;  // frame from which the pictures are twice as large (raw streams only)
};

std::vector<std::int64_t> regular_pts(int frames, std::int64_t start = 0, std::int64_t step = 1);
void write_video(const std::filesystem::path& path, const VideoSample& sample);
// PCM of a constant value, so that it is known anywhere.
void write_sound(const std::filesystem::path& path, double seconds, int rate, int channels, int value);
void write_bytes(const std::filesystem::path& path, const std::string& bytes);
std::string read_bytes(const std::filesystem::path& path);

struct PacketList {
  std::string type, codec, language;
  std::vector<double> seconds;     // presentation times, sorted
  std::vector<std::string> bytes;  // in file order
};
// All streams; empty when the file cannot be read.
std::vector<PacketList> packets_of(const std::filesystem::path& path);
int chapters_of(const std::filesystem::path& path);

}  // namespace resyncer::media::testing
