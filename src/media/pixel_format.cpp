#include "pixel_format.h"

#include <array>

namespace resyncer::media {

namespace {
bool is_rgb(const AVPixFmtDescriptor& d) { return (d.flags & AV_PIX_FMT_FLAG_RGB) != 0; }

int colour_components(const AVPixFmtDescriptor& d) { return d.nb_components >= 3 ? 3 : 1; }

ColorMatrix matrix_of(const AVFrame& frame) {
  switch (frame.colorspace) {
    case AVCOL_SPC_BT709:
      return ColorMatrix::bt709;
    case AVCOL_SPC_BT470BG:
    case AVCOL_SPC_SMPTE170M:
    case AVCOL_SPC_FCC:
      return ColorMatrix::bt601;
    case AVCOL_SPC_BT2020_NCL:
    case AVCOL_SPC_BT2020_CL:
      return ColorMatrix::bt2020;
    default:
      break;
  }
  // Untagged: what players assume.
  bool high_definition = frame.width >= 1280 || frame.height > 576;
  return high_definition ? ColorMatrix::bt709 : ColorMatrix::bt601;
}

bool is_full_range(const AVFrame& frame, const AVPixFmtDescriptor& d) {
  if (is_rgb(d) || frame.color_range == AVCOL_RANGE_JPEG) return true;
  if (frame.color_range == AVCOL_RANGE_MPEG) return false;
  switch (frame.format) {
    case AV_PIX_FMT_YUVJ420P:
    case AV_PIX_FMT_YUVJ422P:
    case AV_PIX_FMT_YUVJ444P:
    case AV_PIX_FMT_YUVJ440P:
    case AV_PIX_FMT_YUVJ411P:
      return true;
    default:
      return colour_components(d) == 1;  // untagged gray is full range in FFmpeg
  }
}
}  // namespace

bool is_native(AVPixelFormat format) {
  const AVPixFmtDescriptor* d = av_pix_fmt_desc_get(format);
  if (d == nullptr) return false;
  constexpr std::uint64_t kForeign = AV_PIX_FMT_FLAG_BITSTREAM | AV_PIX_FMT_FLAG_HWACCEL |
                                     AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_FLOAT | AV_PIX_FMT_FLAG_BAYER;
  if ((d->flags & kForeign) != 0 || format == AV_PIX_FMT_XYZ12LE) return false;
  int depth = d->comp[0].depth, bytes = depth > 8 ? 2 : 1;
  if (depth < 8 || depth > 16 || (bytes == 2 && (d->flags & AV_PIX_FMT_FLAG_BE) != 0)) return false;
  int colours = colour_components(*d);
  for (int c = 0; c < colours; ++c) {
    const AVComponentDescriptor& comp = d->comp[c];
    if (comp.depth != depth || comp.step % bytes != 0 || comp.offset % bytes != 0) return false;
    if (comp.shift != 0 && comp.shift + depth != 16) return false;
    // Packed YCbCr is unpacked at once (without loss): hardly any encoder takes it.
    if (!is_rgb(*d) && c > 0 && comp.plane == 0) return false;
  }
  return is_rgb(*d) || colours == 1 || d->comp[0].plane == 0;
}

AVPixelFormat nearest_native(AVPixelFormat format) {
  if (is_native(format)) return format;
  constexpr std::array<AVPixelFormat, 18> kChoices = {
      AV_PIX_FMT_GRAY8,     AV_PIX_FMT_GRAY16,    AV_PIX_FMT_RGB24,     AV_PIX_FMT_RGBA,
      AV_PIX_FMT_GBRP10,    AV_PIX_FMT_GBRP16,    AV_PIX_FMT_YUV420P,   AV_PIX_FMT_YUV422P,
      AV_PIX_FMT_YUV444P,   AV_PIX_FMT_YUV411P,   AV_PIX_FMT_YUV420P10, AV_PIX_FMT_YUV422P10,
      AV_PIX_FMT_YUV444P10, AV_PIX_FMT_YUV422P12, AV_PIX_FMT_YUV444P12, AV_PIX_FMT_YUV444P16,
      AV_PIX_FMT_YUVA444P,  AV_PIX_FMT_NONE};
  const AVPixFmtDescriptor* d = av_pix_fmt_desc_get(format);
  if (d == nullptr) return AV_PIX_FMT_NONE;
  int loss = 0;
  bool alpha = (d->flags & AV_PIX_FMT_FLAG_ALPHA) != 0 && format != AV_PIX_FMT_PAL8;
  return avcodec_find_best_pix_fmt_of_list(kChoices.data(), format, alpha ? 1 : 0, &loss);
}

PixelLayout layout_of(const AVFrame& frame) {
  const AVPixFmtDescriptor& d = *av_pix_fmt_desc_get(AVPixelFormat(frame.format));
  PixelLayout layout;
  layout.width = frame.width;
  layout.height = frame.height;
  // P010 and its kin keep 10 bits at the top of 16: as 16-bit samples they mean the same.
  layout.bit_depth = d.comp[0].depth + d.comp[0].shift;
  layout.components = colour_components(d);
  layout.chroma_shift_x = layout.components == 3 ? d.log2_chroma_w : 0;
  layout.chroma_shift_y = layout.components == 3 ? d.log2_chroma_h : 0;
  layout.full_range = is_full_range(frame, d);
  layout.chroma_centered = frame.chroma_location == AVCHROMA_LOC_CENTER ||
                           frame.chroma_location == AVCHROMA_LOC_TOP ||
                           frame.chroma_location == AVCHROMA_LOC_BOTTOM;
  layout.matrix = is_rgb(d) ? ColorMatrix::rgb : matrix_of(frame);
  if (frame.color_trc == AVCOL_TRC_SMPTE2084) layout.transfer = Transfer::pq;
  if (frame.color_trc == AVCOL_TRC_ARIB_STD_B67) layout.transfer = Transfer::hlg;
  return layout;
}

Frame convert(const AVFrame& frame, AVPixelFormat format, Scaler* scaler) {
  auto from = AVPixelFormat(frame.format);
  int flags = SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP;
  scaler->reset(sws_getCachedContext(scaler->release(), frame.width, frame.height, from, frame.width,
                                     frame.height, format, flags, nullptr, nullptr, nullptr));
  Frame out = make_frame();
  out->width = frame.width;
  out->height = frame.height;
  out->format = format;
  if (!*scaler || av_frame_get_buffer(out.get(), 0) < 0 || av_frame_copy_props(out.get(), &frame) < 0)
    throw core::Error(core::ErrorKind::memory, "out of memory for a picture");
  int result =
      sws_scale(scaler->get(), frame.data, frame.linesize, 0, frame.height, out->data, out->linesize);
  if (result < 0)
    throw core::Error(core::ErrorKind::internal, "pixel conversion failed: " + message_of(result));
  const AVPixFmtDescriptor& to = *av_pix_fmt_desc_get(format);
  const AVPixFmtDescriptor& was = *av_pix_fmt_desc_get(from);
  bool was_rgb = is_rgb(was) || (was.flags & AV_PIX_FMT_FLAG_PAL) != 0;
  if (was_rgb && !is_rgb(to) && colour_components(to) == 3) {  // swscale's defaults, said aloud
    out->colorspace = AVCOL_SPC_SMPTE170M;
    out->color_range = AVCOL_RANGE_MPEG;
  }
  if (is_rgb(to)) out->colorspace = AVCOL_SPC_RGB;
  return out;
}

}  // namespace resyncer::media
