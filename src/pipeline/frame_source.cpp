#include "pipeline/frame_source.h"

#include <algorithm>

#include "resyncer/core/error.h"

namespace resyncer::pipeline {

namespace {

using core::ErrorKind;

constexpr std::int64_t kLongest = 300, kShortest = 4;  // frames

std::int64_t stretch_length(const media::PixelLayout& layout, std::int64_t most_bytes) {
  const double chroma =
      layout.components > 1 ? 2.0 / double(1 << (layout.chroma_shift_x + layout.chroma_shift_y)) : 0;
  const double bytes =
      double(layout.width) * double(layout.height) * (1 + chroma) * (layout.bit_depth > 8 ? 2 : 1);
  return std::clamp(std::int64_t(double(most_bytes) / std::max(1.0, bytes)), kShortest, kLongest);
}

[[noreturn]] void fail_changed(const std::filesystem::path& video) {
  throw core::Error(ErrorKind::input, "the video is shorter now than when it was analysed", video.string(),
                    "leave the file alone while it is rendered");
}

}  // namespace

FrameSource::FrameSource(const std::filesystem::path& video, const media::ReaderOptions& reading,
                         const std::vector<std::int64_t>& pts, const std::vector<ShownFrame>& shown,
                         std::int64_t stretch_bytes)
    : video_(video),
      reading_(reading),
      stretch_bytes_(stretch_bytes),
      pts_(pts),
      shown_(shown),
      reader_(video, reading) {}

media::VideoFrame FrameSource::next(std::int64_t index) {
  const auto i = std::size_t(index);
  media::VideoFrame frame = source_frame(i);
  const std::int64_t pts = shown_[i].pts;
  return frame.pts() == pts ? std::move(frame) : media::with_pts(frame, pts);
}

bool FrameSource::is_shown_next(std::size_t index, std::int64_t frame) const {
  return index + 1 < shown_.size() && shown_[index + 1].source == frame;
}

media::VideoFrame FrameSource::source_frame(std::size_t index) {
  const std::int64_t wanted = shown_[index].source;
  const bool again = is_shown_next(index, wanted);
  media::VideoFrame frame;
  if (held_index_ == wanted) {
    frame = media::with_pts(held_, held_.pts());  // the painter writes into what it is given
  } else if (is_shown_next(index, wanted - 1) || (!stretch_.empty() && stretch_end_ - 1 == wanted)) {
    if (stretch_.empty() || stretch_end_ - 1 != wanted) fill_stretch(wanted);
    frame = std::move(stretch_.back());
    stretch_.pop_back();
    --stretch_end_;
  } else {
    if (position_ != wanted) go_to(wanted);
    frame = read();
  }
  if (!again) {
    held_ = {};
    held_index_ = -1;
  } else if (held_index_ != wanted) {
    held_ = media::with_pts(frame, frame.pts());
    held_index_ = wanted;
  }
  return frame;
}

media::VideoFrame FrameSource::read() {
  std::optional<media::VideoFrame> frame = reader_.read();
  if (!frame) fail_changed(video_);
  ++position_;
  stretch_length_ = stretch_length(frame->layout(), stretch_bytes_);
  return std::move(*frame);
}

void FrameSource::reopen(std::int64_t frame) {
  reader_ = media::VideoReader(video_, reading_);
  position_ = 0;
  while (position_ < frame) (void)read();
}

void FrameSource::go_to(std::int64_t frame) {
  if (frame < position_ || frame > position_ + kLongest) reopen(frame);
  while (position_ < frame) (void)read();
}

// Takes the frames up to `last` from the reader, which stands before the first of them. False where they are
// not those that were analysed.
bool FrameSource::collect(std::int64_t first, std::int64_t last) {
  stretch_.clear();
  for (std::int64_t i = first; i <= last; ++i) {
    std::optional<media::VideoFrame> frame = reader_.read();
    if (!frame || frame->pts() != pts_[std::size_t(i)]) return false;
    stretch_.push_back(std::move(*frame));
  }
  position_ = stretch_end_ = last + 1;
  return true;
}

bool FrameSource::collect_by_seeking(std::int64_t first, std::int64_t last) {
  try {
    reader_.seek(pts_[std::size_t(first)]);
    return collect(first, last);
  } catch (const core::Error& error) {
    if (error.kind() == ErrorKind::memory) throw;
    return false;
  }
}

// A container without an index, or without time stamps, may lead elsewhere: what comes is compared with what
// was analysed, and where they disagree frames are counted from the start of the file instead.
void FrameSource::fill_stretch(std::int64_t last) {
  const std::int64_t first = std::max<std::int64_t>(0, last + 1 - stretch_length_);
  if (first > 0 && can_seek_) {
    can_seek_ = collect_by_seeking(first, last);
    if (can_seek_) return;
  }
  reopen(first);
  if (!collect(first, last)) fail_changed(video_);
}

}  // namespace resyncer::pipeline
