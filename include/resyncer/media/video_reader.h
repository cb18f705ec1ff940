// Decoding of the first (or chosen) video stream of any container FFmpeg reads, one frame at a time.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "resyncer/core/rational.h"
#include "resyncer/media/video_frame.h"

namespace resyncer::media {

struct StreamInfo {
  int index = 0;
  std::string type;   // "video", "audio", "subtitle", "data", "attachment", "cover"
  std::string codec;  // FFmpeg's name
  std::string language, title;
  int sample_rate = 0, channels = 0;  // audio
  double duration_seconds = 0;        // 0 = unknown
};

struct VideoInfo {
  std::filesystem::path path;
  int stream = 0;  // index of the video stream in the file
  std::string container, codec, pixel_format;
  int stored_width = 0, stored_height = 0;  // as coded
  int width = 0, height = 0;                // upright, square pixels
  int rotation_degrees = 0;                 // clockwise rotation the player applies: 0, 90, 180, 270
  core::Rational sample_aspect{1, 1};
  core::Rational time_base{1, 25};
  core::Rational average_rate{25, 1};  // frames a second; a hint only, time stamps are the truth
  std::int64_t start_pts = 0;
  std::int64_t frame_count_hint = 0;  // 0 = unknown
  std::int64_t bit_rate = 0;          // of the video stream, 0 = unknown
  double duration_seconds = 0;
  bool is_still = false;         // a picture file (PNG, JPEG, ...), one frame
  bool is_interlaced = false;    // of a reader: whether the frames it hands out still are
  bool top_field_first = false;  // where interlaced
  bool has_alpha = false;
  Transfer transfer = Transfer::sdr;
  std::vector<StreamInfo> streams;
};

// What becomes of pictures that hold two fields, two moments.
enum class Interlaced {
  deinterlace,  // one whole picture for each, at the same time; what only looks at a video wants this
  keep,         // as they are coded
  refuse        // Error{input}
};

struct ReaderOptions {
  int stream = -1;  // index of the video stream, -1 = the best
  int threads = 0;  // decoder threads, 0 = as many as cores
  Interlaced interlaced = Interlaced::deinterlace;
};

class VideoReader {
 public:
  // Throws Error{input}: unreadable, no video stream, unsupported codec or size (more than 16384 px a side).
  explicit VideoReader(const std::filesystem::path& path, const ReaderOptions& options = {});
  ~VideoReader();
  VideoReader(VideoReader&&) noexcept;
  VideoReader& operator=(VideoReader&&) noexcept;

  const VideoInfo& info() const;
  core::Affine2 upright_from_stored() const;
  // Next frame in presentation order, nullopt at the end. A damaged packet is skipped with a warning count
  // (see `damaged_packets`); when nothing at all can be decoded, throws Error{input}.
  std::optional<VideoFrame> read();
  int damaged_packets() const;
  // Pictures so far that were decoded before the first that stands alone, from references that the file does
  // not have. They are not handed out.
  int left_out() const;
  // Continues at the first frame with pts >= `pts` (decodes from the key frame before it).
  void seek(std::int64_t pts);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Reads the container's headers only. Throws like the constructor.
VideoInfo probe_video(const std::filesystem::path& path);
// Streams of any media file, with or without video. Throws Error{input} when it is no media at all.
std::vector<StreamInfo> probe_streams(const std::filesystem::path& path);

}  // namespace resyncer::media
