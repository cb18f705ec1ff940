#include "resyncer/media/video_frame.h"

#include "libav.h"
#include "pixel_format.h"
#include "resyncer/media/video_writer.h"

namespace resyncer::media {

namespace {
std::array<Plane, 3> planes_of(const AVFrame& frame, int components) {
  const AVPixFmtDescriptor& d = *av_pix_fmt_desc_get(AVPixelFormat(frame.format));
  int bytes = d.comp[0].depth > 8 ? 2 : 1;
  std::array<Plane, 3> planes{};
  for (int c = 0; c < components; ++c) {
    const AVComponentDescriptor& comp = d.comp[c];
    planes[c].data = reinterpret_cast<std::byte*>(frame.data[comp.plane]) + comp.offset;
    planes[c].stride = frame.linesize[comp.plane];
    planes[c].pixel_step = comp.step / bytes;
  }
  return planes;
}
}  // namespace

VideoFrame::VideoFrame(std::shared_ptr<AVFrame> frame) : frame_(std::move(frame)) {
  if (frame_) layout_ = layout_of(*frame_);
}

std::int64_t VideoFrame::pts() const { return frame_->pts; }

std::array<Plane, 3> VideoFrame::writable_planes() {
  if (av_frame_make_writable(frame_.get()) < 0)
    throw core::Error(core::ErrorKind::memory, "out of memory for a picture");
  return planes();
}

std::array<Plane, 3> VideoFrame::planes() const { return planes_of(*frame_, layout_.components); }

VideoFrame with_pts(const VideoFrame& frame, std::int64_t pts) {
  std::shared_ptr<AVFrame> copy(av_frame_clone(frame.get()), Release());
  if (!copy) throw core::Error(core::ErrorKind::memory, "out of memory for a picture");
  copy->pts = pts;
  return VideoFrame(std::move(copy));
}

}  // namespace resyncer::media
