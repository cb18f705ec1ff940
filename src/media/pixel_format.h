// Which pixel formats are used as they lie, and what their planes are.
#pragma once

#include "libav.h"
#include "resyncer/media/video_frame.h"

namespace resyncer::media {

// Planes (or interleaved samples) of 8-16 bit in native byte order that PixelLayout can describe.
bool is_native(AVPixelFormat format);
// The format itself when native, else the native one that loses least.
AVPixelFormat nearest_native(AVPixelFormat format);
PixelLayout layout_of(const AVFrame& frame);
// Converts to `format` (same size), keeping time stamps and properties. `scaler` is reused.
Frame convert(const AVFrame& frame, AVPixelFormat format, Scaler* scaler);

}  // namespace resyncer::media
