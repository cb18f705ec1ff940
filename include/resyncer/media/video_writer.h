// One encode, one mux. Streams that are not the picture are copied packet by packet. The file appears whole
// under its name or not at all.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "resyncer/media/video_reader.h"

namespace resyncer::media {

struct EncoderOptions {
  std::string codec;       // FFmpeg encoder name; empty = the source's codec family ("h264" -> libx264, ...)
  std::optional<int> crf;  // empty = visually lossless for that codec
  std::string preset;      // empty = a fast preset of the codec
  std::string container;   // FFmpeg muxer; empty = by the file's name, Matroska for pipes
  int threads = 0;         // 0 = as many as cores
  bool bit_exact = false;  // no version strings, single-threaded rate control: equal input gives equal files
};

// What the result says of itself.
struct Statement {
  std::map<std::string, std::string>
      tags;         // where the source has such a tag, its text comes first, then a
                    // line break; names that the container has no place for are left out
  std::string xmp;  // packet, for containers that the XMP specification knows: MP4, MOV
};

struct MuxOptions {
  std::filesystem::path source;  // the input video: its other streams, chapters and metadata are copied
  std::filesystem::path
      speech;  // its best audio stream becomes the first audio track; empty = keep the source's audio
  bool keep_source_audio =
      false;  // the source's own first audio track is replaced unless this is set; further audio
              // tracks, subtitles, attachments, data and chapters are always copied
  Statement statement = {};
  // In the source's time base: sound, subtitles and chapters end there, as the pictures are to; empty = none
  // is cut.
  std::optional<std::int64_t> end_pts = {};
};

class VideoWriter {
 public:
  // `path`: a file, a pipe or device, which is written front to back, or "-" for standard output.
  // `source_info`: pixel format, colour tags, SAR, rotation and time base of the result are the source's.
  // For a still picture the frames are written at `still_rate` in yuv420p.
  // Throws Error{output} when the container, codec or size cannot be written, before any frame is needed.
  VideoWriter(const std::filesystem::path& path, const VideoReader& source, const EncoderOptions& encoder,
              const MuxOptions& mux);
  ~VideoWriter();  // an unfinished file is removed
  VideoWriter(VideoWriter&&) noexcept;

  void write(const VideoFrame& frame);      // presentation order; pts in the source's time base
  void finish();                            // flushes, writes the trailer, renames. Throws Error{output}
  const std::string& audio_action() const;  // "copied", "encoded as aac", "none": for the log
  // What of the source is not in the result, sentences for the user.
  const std::vector<std::string>& left_out() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Whether a result of this name is written front to back, and nothing can lie beside it: "-" (standard
// output), pipes, devices.
bool is_stream(const std::filesystem::path& path);

// Whether the container of this file name can tell players to turn the picture: only MP4 and its kin can.
// `format` as in EncoderOptions. Throws Error{output} when there is none for it.
bool keeps_rotation(const std::filesystem::path& path, const std::string& format = "");

// A frame for a still picture's video: the same picture with another pts (time base 1/25 and so on).
VideoFrame with_pts(const VideoFrame& frame, std::int64_t pts);

// Lossless gray (FFV1 in Matroska) of the mask: 0 = untouched.
class MaskWriter {
 public:
  MaskWriter(const std::filesystem::path& path, int width, int height, core::Rational time_base,
             core::Rational average_rate);
  ~MaskWriter();
  void write(const core::ImageU8& mask, std::int64_t pts);
  void finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace resyncer::media
