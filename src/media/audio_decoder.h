// Decoded sound of a file's best audio stream, frame by frame.
#pragma once

#include <filesystem>

#include "libav.h"

namespace resyncer::media {

class AudioDecoder {
 public:
  // Throws Error{input}: no audio stream, no decoder.
  explicit AudioDecoder(const std::filesystem::path& path);

  const AVStream& stream() const { return *input_->streams[index_]; }
  // The next frame, valid until the next call; nullptr at the end. What cannot be decoded is skipped. Throws
  // Error{input} when the whole stream gave nothing.
  const AVFrame* read();
  // Silence that belongs before the frame just read, s: the file's clock ran on without sound.
  double gap_seconds() const { return gap_; }
  double start_seconds() const { return start_; }  // of the first frame, on the container's clock

 private:
  void measure_gap();

  std::filesystem::path path_;
  Demuxer input_;
  int index_ = -1;
  Codec codec_;
  Packet packet_ = make_packet();
  Frame frame_ = make_frame();
  bool draining_ = false, any_ = false;
  double start_ = 0, next_ = 0, gap_ = 0;  // s
};

}  // namespace resyncer::media
