#include <cstring>

#include "output_container.h"
#include "resyncer/media/video_writer.h"

namespace resyncer::media {

using core::Error;
using core::ErrorKind;

struct MaskWriter::Impl {
  OutputContainer container;
  Codec encoder;
  AVStream* stream = nullptr;
  Packet packet = make_packet();

  Impl(const std::filesystem::path& path, int width, int height, AVRational time_base, AVRational rate)
      : container(path, "", true) {
    const AVCodec* ffv1 = avcodec_find_encoder(AV_CODEC_ID_FFV1);
    if (ffv1 == nullptr || !container.takes(AV_CODEC_ID_FFV1))
      throw Error(ErrorKind::output, "the container does not take FFV1", path.string(), "name the mask .mkv");
    encoder.reset(avcodec_alloc_context3(ffv1));
    if (!encoder) throw Error(ErrorKind::memory, "out of memory");
    encoder->width = width;
    encoder->height = height;
    encoder->pix_fmt = AV_PIX_FMT_GRAY8;
    encoder->color_range = AVCOL_RANGE_JPEG;
    encoder->time_base = time_base;
    encoder->framerate = rate;
    encoder->gop_size = 1;
    encoder->thread_count = 1;
    encoder->flags |= AV_CODEC_FLAG_BITEXACT;
    if ((container.get()->oformat->flags & AVFMT_GLOBALHEADER) != 0)
      encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    Dictionary options;
    options.set("level", "3");
    int result = avcodec_open2(encoder.get(), ffv1, options.address());
    if (result < 0) fail(ErrorKind::output, result, "the mask cannot be encoded", path);
    stream = container.add_stream();
    if (avcodec_parameters_from_context(stream->codecpar, encoder.get()) < 0)
      throw Error(ErrorKind::memory, "out of memory");
    stream->time_base = time_base;
    stream->avg_frame_rate = stream->r_frame_rate = rate;
    container.write_header(time_base, 0);
  }

  void encode(const AVFrame* frame) {
    int result = avcodec_send_frame(encoder.get(), frame);
    while (result >= 0) {
      result = avcodec_receive_packet(encoder.get(), packet.get());
      if (result >= 0) container.write(packet.get(), *stream, encoder->time_base);
    }
    if (result != AVERROR(EAGAIN) && result != AVERROR_EOF)
      fail(ErrorKind::output, result, "the mask cannot be encoded", container.path());
  }
};

MaskWriter::MaskWriter(const std::filesystem::path& path, int width, int height, core::Rational time_base,
                       core::Rational average_rate)
    : impl_(std::make_unique<Impl>(path, width, height, AVRational{int(time_base.num), int(time_base.den)},
                                   AVRational{int(average_rate.num), int(average_rate.den)})) {}
MaskWriter::~MaskWriter() = default;

void MaskWriter::write(const core::ImageU8& mask, std::int64_t pts) {
  AVCodecContext& encoder = *impl_->encoder;
  if (mask.width != encoder.width || mask.height != encoder.height || mask.channels != 1)
    throw Error(ErrorKind::internal, "the mask does not have the picture's size",
                impl_->container.path().string());
  Frame frame = make_frame();
  frame->width = mask.width;
  frame->height = mask.height;
  frame->format = AV_PIX_FMT_GRAY8;
  frame->color_range = AVCOL_RANGE_JPEG;
  frame->pts = pts;
  if (av_frame_get_buffer(frame.get(), 0) < 0) throw Error(ErrorKind::memory, "out of memory");
  for (int y = 0; y < mask.height; ++y)
    std::memcpy(frame->data[0] + std::ptrdiff_t(y) * frame->linesize[0], mask.row(y),
                std::size_t(mask.width));
  impl_->encode(frame.get());
}

void MaskWriter::finish() {
  impl_->encode(nullptr);
  impl_->container.finish();
}

}  // namespace resyncer::media
