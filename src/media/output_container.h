// A file being muxed: temporary name, header, interleaved packets, trailer, rename. Every failure to write is
// Error{output}.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "libav.h"
#include "resyncer/core/output_file.h"
#include "resyncer/media/video_writer.h"

namespace resyncer::media {

class OutputContainer {
 public:
  // The container is `format` (a muxer of FFmpeg's), or else chosen by the file name's extension, or else, in
  // a stream ("-" = standard output, pipes, devices), Matroska. Throws Error{output} when there is none for
  // it, or when it cannot be written front to back into a stream.
  OutputContainer(const std::filesystem::path& path, const std::string& format, bool bit_exact);

  const std::filesystem::path& path() const { return path_; }  // for messages
  AVFormatContext* get() const { return muxer_.get(); }
  bool takes(AVCodecID codec) const;
  bool is_mp4_like() const;  // mp4, mov, m4v, 3gp: edit lists, a time scale of each track
  bool is_matroska() const;  // mkv, webm
  bool is(const char* format) const;

  AVStream* add_stream();
  // After the source's own tags, before the header.
  void add(const Statement& statement);
  // The time base that the picture's stream must have, and its first time stamp (s).
  void write_header(AVRational picture_time_base, double start_seconds);
  // Takes the packet's data (it is empty afterwards). Time stamps in `time_base`.
  void write(AVPacket* packet, const AVStream& stream, AVRational time_base);
  // The same for a packet copied from a file: false, and nothing written, when the muxer refuses it.
  bool write_copied(AVPacket* packet, const AVStream& stream, AVRational time_base);
  void finish();

 private:
  int send(AVPacket* packet, const AVStream& stream, AVRational time_base);

  std::filesystem::path path_;
  std::optional<core::OutputFile> file_;  // none = standard output
  bool streamed_ = false;
  Muxer muxer_;
  std::vector<std::int64_t> last_dts_;  // of every stream
  std::string appended_xmp_;            // empty = none
};

}  // namespace resyncer::media
