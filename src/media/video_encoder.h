// Choice and set-up of the picture's encoder.
#pragma once

#include "hdr_metadata.h"
#include "output_container.h"
#include "resyncer/media/video_writer.h"

namespace resyncer::media {

// What goes into the encoder: the source's pictures as they are, or (stills) pictures made for it.
struct PictureFormat {
  AVPixelFormat pixel_format = AV_PIX_FMT_NONE;
  AVRational time_base{1, 25}, frame_rate{25, 1};
  AVColorRange range = AVCOL_RANGE_UNSPECIFIED;
  AVColorSpace matrix = AVCOL_SPC_UNSPECIFIED;
  HdrMetadata hdr;
};

PictureFormat picture_format(const AVStream& source, const VideoInfo& info);

// The format under the name that the encoders know: yuvj420p is yuv420p of full range.
AVPixelFormat without_range(AVPixelFormat format);

// Opened. Throws Error{output}: no such encoder, the container does not take its codec, it does not take the
// pixel format or the size.
Codec open_video_encoder(const AVStream& source, const VideoInfo& info, const PictureFormat& picture,
                         const EncoderOptions& options, const OutputContainer& container);

}  // namespace resyncer::media
