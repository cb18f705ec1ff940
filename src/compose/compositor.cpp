#include "resyncer/compose/compositor.h"

#include "compose/picture.h"

namespace resyncer::compose {

namespace {
// Calls `work` with the caller's workspace, or with one of its own.
template <typename Work>
void with(Workspace* workspace, Work work) {
  Workspace own;
  work(workspace != nullptr ? workspace : &own);
}
}  // namespace

void match_colour(const media::VideoFrame& frame, const MatchOptions& options, core::Patch* patch,
                  Workspace* workspace) {
  with(workspace, [&](Workspace* w) {
    match_colour(Picture{frame.layout(), frame.planes()}, options, patch, w);
  });
}

void composite(const core::Patch& patch, media::VideoFrame* frame, core::ImageU8* mask,
               Workspace* workspace) {
  with(workspace, [&](Workspace* w) {
    auto planes = frame->writable_planes();  // first: it may copy the picture
    composite(patch, Picture{frame->layout(), planes}, mask, w);
  });
}

void read_rgb(const media::VideoFrame& frame, const core::Box& roi, core::ImageF* out, Workspace* workspace) {
  with(workspace, [&](Workspace* w) { read_rgb(Picture{frame.layout(), frame.planes()}, roi, out, w); });
}

}  // namespace resyncer::compose
