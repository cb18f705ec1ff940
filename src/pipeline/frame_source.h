// The source's frames in the order in which a render shows them.
#pragma once

#include <deque>
#include <vector>

#include "resyncer/media/video_reader.h"
#include "resyncer/media/video_writer.h"
#include "resyncer/pipeline/length_mode.h"

namespace resyncer::pipeline {

constexpr std::int64_t kStretchBytes = std::int64_t{256} << 20;

// Forwards it decodes on; back to the start it opens the file anew; backwards it decodes stretches of so many
// bytes (a few frames at least), from the key frame before each of them.
class FrameSource {
 public:
  // `pts`: of the source's frames, as they were analysed. Both must outlive it. Throws Error{input}.
  FrameSource(const std::filesystem::path& video, const media::ReaderOptions& reading,
              const std::vector<std::int64_t>& pts, const std::vector<ShownFrame>& shown,
              std::int64_t stretch_bytes = kStretchBytes);

  const media::VideoReader& reader() const { return reader_; }
  // Frame `index` of `shown`, with its time stamp. Any order; ascending is what it is made for. Throws
  // Error{input} when the file is no longer what was analysed.
  media::VideoFrame next(std::int64_t index);

 private:
  media::VideoFrame source_frame(std::size_t index);
  media::VideoFrame read();              // frame `position_`
  void go_to(std::int64_t frame);        // the next read gives it
  void reopen(std::int64_t frame);       // the same, from the start of the file
  void fill_stretch(std::int64_t last);  // of frames up to this one
  bool collect(std::int64_t first, std::int64_t last);
  bool collect_by_seeking(std::int64_t first, std::int64_t last);
  bool is_shown_next(std::size_t index, std::int64_t frame) const;

  std::filesystem::path video_;
  media::ReaderOptions reading_;
  std::int64_t stretch_bytes_;
  const std::vector<std::int64_t>& pts_;
  const std::vector<ShownFrame>& shown_;
  media::VideoReader reader_;
  std::int64_t position_ = 0;  // of the next frame that the reader gives
  bool can_seek_ = true;
  media::VideoFrame held_;  // shown more than once in a row
  std::int64_t held_index_ = -1;
  std::deque<media::VideoFrame> stretch_;  // decoded ahead of a way back: ends with frame stretch_end_ - 1
  std::int64_t stretch_end_ = 0, stretch_length_ = 1;
};

}  // namespace resyncer::pipeline
