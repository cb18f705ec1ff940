// Opening of user files, which may be hostile, and what their headers say.
#pragma once

#include <filesystem>
#include <string>

#include "libav.h"
#include "resyncer/media/video_reader.h"

namespace resyncer::media {

constexpr int kMaxSide = 16384;                             // px
constexpr std::int64_t kMaxPixels = std::int64_t{1} << 27;  // of a frame, where a decoder asks

// Opens a local file (never a URL, never a file name pattern) and reads its headers. Throws Error{input}.
Demuxer open_input(const std::filesystem::path& path);

// A decoder for the stream, opened. Throws Error{input} when there is none.
Codec open_decoder(const AVStream& stream, int threads, const std::filesystem::path& path);

// The sound that players choose: among those that are for everybody the default one, else the first. FFmpeg's
// own choice goes by bit rate and takes the second of two languages. < 0 = there is none.
int choose_audio(const AVFormatContext& input);

// The first picture of a stream as its decoder gives it; null where there is none.
Frame first_picture(const std::filesystem::path& path, int index);

StreamInfo describe(const AVStream& stream);  // all but the duration where only the container knows it
StreamInfo describe(const AVFormatContext& input, int index);
bool is_picture(const AVFormatContext& input);  // a still picture file, not a video
int rotation_of(const AVStream& stream);        // clockwise, a multiple of 90
int rotation_of(const AVFrame& frame);          // likewise; of a photograph (EXIF), which only decoding tells
double seconds_of(std::int64_t ticks, AVRational time_base);

}  // namespace resyncer::media
