#include "video_encoder.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "pixel_format.h"

namespace resyncer::media {

using core::Error;
using core::ErrorKind;

namespace {
// Encoders of a codec family, the best first.
std::vector<std::string> encoders_of(AVCodecID codec) {
  switch (codec) {
    case AV_CODEC_ID_H264:
      return {"libx264", "libx264rgb"};
    case AV_CODEC_ID_HEVC:
      return {"libx265"};
    case AV_CODEC_ID_VP8:
      return {"libvpx"};
    case AV_CODEC_ID_VP9:
      return {"libvpx-vp9"};
    case AV_CODEC_ID_AV1:
      return {"libsvtav1", "libaom-av1"};
    case AV_CODEC_ID_PRORES:
      return {"prores_ks"};
    case AV_CODEC_ID_FFV1:
      return {"ffv1"};
    default:
      return {};
  }
}

std::vector<std::string> candidates(AVCodecID source, const EncoderOptions& options) {
  if (!options.codec.empty()) {
    if (avcodec_find_encoder_by_name(options.codec.c_str()) != nullptr) return {options.codec};
    const AVCodecDescriptor* family = avcodec_descriptor_get_by_name(options.codec.c_str());
    std::vector<std::string> names = family != nullptr ? encoders_of(family->id) : std::vector<std::string>();
    return names.empty() ? std::vector<std::string>{options.codec} : names;
  }
  std::vector<std::string> names = encoders_of(source);
  for (const char* fallback : {"libx264", "libx264rgb", "libx265", "libvpx-vp9", "ffv1"})
    if (std::find(names.begin(), names.end(), fallback) == names.end()) names.emplace_back(fallback);
  return names;
}

// Whether both formats hold the same samples and differ in how these lie: NV12 and planes, RGB in any order.
bool is_rearranged(AVPixelFormat a, AVPixelFormat b) {
  constexpr std::uint64_t kMeaning =
      AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_ALPHA | AV_PIX_FMT_FLAG_FLOAT | AV_PIX_FMT_FLAG_PAL;
  const AVPixFmtDescriptor &x = *av_pix_fmt_desc_get(a), &y = *av_pix_fmt_desc_get(b);
  if (x.nb_components != y.nb_components || (x.flags & kMeaning) != (y.flags & kMeaning)) return false;
  bool same_colours = (x.nb_components >= 3) == (y.nb_components >= 3);
  return same_colours && x.comp[0].depth == y.comp[0].depth && x.log2_chroma_w == y.log2_chroma_w &&
         x.log2_chroma_h == y.log2_chroma_h;
}

// FFmpeg reads 12 bits of ProRes 4444 and writes 10: what a camera or an editor gives comes back in the same
// codec.
AVPixelFormat prores_of(const AVCodec& encoder, AVPixelFormat format) {
  if (encoder.id != AV_CODEC_ID_PRORES) return AV_PIX_FMT_NONE;
  if (format == AV_PIX_FMT_YUVA444P12) return AV_PIX_FMT_YUVA444P10;
  return format == AV_PIX_FMT_YUV444P12 ? AV_PIX_FMT_YUV444P10 : AV_PIX_FMT_NONE;
}

// The format in which the encoder takes these pictures without loss, as they are if possible, or none.
AVPixelFormat accepted(const AVCodec& encoder, AVPixelFormat format) {
  if (encoder.pix_fmts == nullptr) return format;
  AVPixelFormat plain = AV_PIX_FMT_NONE, other = AV_PIX_FMT_NONE;
  for (const AVPixelFormat* f = encoder.pix_fmts; *f != AV_PIX_FMT_NONE; ++f) {
    if (*f == format) return format;
    if (*f == without_range(format)) plain = *f;
    if (other == AV_PIX_FMT_NONE && without_range(*f) == *f && is_rearranged(without_range(format), *f))
      other = *f;
  }
  if (plain != AV_PIX_FMT_NONE) return plain;
  return other != AV_PIX_FMT_NONE ? other : prores_of(encoder, format);
}

bool has_alpha(AVPixelFormat format) {
  return (av_pix_fmt_desc_get(format)->flags & AV_PIX_FMT_FLAG_ALPHA) != 0;
}

// The encoder may take an alpha plane, and the container not.
bool loses_alpha(const AVCodec& encoder, AVPixelFormat format, const OutputContainer& container) {
  const bool beside = encoder.id == AV_CODEC_ID_VP8 || encoder.id == AV_CODEC_ID_VP9;
  return has_alpha(format) && beside && !container.is_matroska();
}

bool writes_fields(AVCodecID codec) {
  switch (codec) {
    case AV_CODEC_ID_H264:
    case AV_CODEC_ID_MPEG2VIDEO:
    case AV_CODEC_ID_MPEG4:
    case AV_CODEC_ID_PRORES:
    case AV_CODEC_ID_FFV1:
      return true;
    default:
      return false;
  }
}

// Visually lossless, and fast.
struct Quality {
  int crf;
  const char* preset;
};

Quality quality_of(const std::string& encoder) {
  if (encoder == "libx265") return {18, "veryfast"};
  if (encoder == "libvpx-vp9" || encoder == "libvpx") return {18, "5"};
  if (encoder == "libsvtav1") return {20, "8"};
  if (encoder == "libaom-av1") return {20, "6"};
  return {16, "veryfast"};
}

bool has_option(const AVCodec& encoder, const char* name) {
  return encoder.priv_class != nullptr && av_opt_find(const_cast<const AVClass**>(&encoder.priv_class), name,
                                                      nullptr, 0, AV_OPT_SEARCH_FAKE_OBJ) != nullptr;
}

std::string joined(const std::string& a, const std::string& b) {
  return a.empty() || b.empty() ? a + b : a + ":" + b;
}

void set_quality(const EncoderOptions& options, const HdrMetadata& hdr, AVCodecContext* codec,
                 Dictionary* settings) {
  const AVCodec& encoder = *codec->codec;
  std::string name = encoder.name;
  Quality quality = quality_of(name);
  const char* preset = has_option(encoder, "preset") ? "preset" : "cpu-used";
  if (has_option(encoder, preset))
    settings->set(preset, options.preset.empty() ? quality.preset : options.preset);
  else if (!options.preset.empty())
    settings->set("preset", options.preset);  // refused by the encoder, with its name
  if (has_option(encoder, "crf")) {
    settings->set("crf", std::to_string(options.crf.value_or(quality.crf)));
  } else if (name != "prores_ks" || options.crf) {
    codec->flags |= AV_CODEC_FLAG_QSCALE;  // the older codecs: 2 is close to invisible
    codec->global_quality = FF_QP2LAMBDA * options.crf.value_or(2);
  }
  if (name == "libvpx-vp9" || name == "libaom-av1") settings->set("row-mt", "1");
  const std::string levels = encoder_parameters(hdr, name);
  if (name == "libx265") {
    std::string parameters = "log-level=none";
    if (options.bit_exact) parameters += ":info=0:pools=none:frame-threads=1";
    // Every picture of its lookahead costs 50 MB at 4K and 10 bit.
    constexpr std::int64_t kLarge = 2560 * 1600;
    if (std::int64_t{codec->width} * codec->height > kLarge) parameters += ":rc-lookahead=10";
    settings->set("x265-params", joined(parameters, levels));
  }
  // x264's AVX-512 code for this reads memory that was never set: the result changes from run to run.
  if (name.rfind("libx264", 0) == 0 && (options.bit_exact || !levels.empty()))
    settings->set("x264-params", joined(options.bit_exact ? "mbtree=0" : "", levels));
  if (name == "libsvtav1" && !levels.empty()) settings->set("svtav1-params", levels);
  if (name == "libsvtav1") ::setenv("SVT_LOG", "0", 0);  // it talks on stderr by itself
  if (name == "ffv1") {
    codec->gop_size = 1;
    settings->set("level", "3");
    settings->set("slices", "4");
  }
  if (name == "prores_ks") {
    const AVPixFmtDescriptor* d = av_pix_fmt_desc_get(codec->pix_fmt);
    settings->set("profile", d->log2_chroma_w == 0 ? "4444" : "hq");
  }
}

Codec set_up(const AVCodec* encoder, const AVStream& source, const VideoInfo& info,
             const PictureFormat& picture, const EncoderOptions& options, const OutputContainer& container) {
  const AVCodecParameters& par = *source.codecpar;
  Codec codec(avcodec_alloc_context3(encoder));
  if (!codec) throw Error(ErrorKind::memory, "out of memory");
  codec->width = info.stored_width;
  codec->height = info.stored_height;
  codec->pix_fmt = accepted(*encoder, picture.pixel_format);
  if (container.is("yuv4mpegpipe")) codec->pix_fmt = without_range(codec->pix_fmt);  // told by a tag there
  codec->time_base = picture.time_base;
  codec->framerate = picture.frame_rate;
  codec->sample_aspect_ratio = {int(info.sample_aspect.num), int(info.sample_aspect.den)};
  codec->color_range = picture.range;
  codec->colorspace = picture.matrix;
  codec->color_primaries = par.color_primaries;
  codec->color_trc = par.color_trc;
  codec->chroma_sample_location = par.chroma_location;
  codec->thread_count = options.bit_exact ? 1 : options.threads;
  if (options.bit_exact) codec->flags |= AV_CODEC_FLAG_BITEXACT;
  if ((container.get()->oformat->flags & AVFMT_GLOBALHEADER) != 0)
    codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  if (container.is("avi")) codec->max_b_frames = 0;  // it has decoding times only
  codec->field_order = AV_FIELD_PROGRESSIVE;
  if (info.is_interlaced) {
    codec->flags |= AV_CODEC_FLAG_INTERLACED_DCT | AV_CODEC_FLAG_INTERLACED_ME;
    codec->field_order = par.field_order > AV_FIELD_PROGRESSIVE ? par.field_order
                         : info.top_field_first                 ? AV_FIELD_TT
                                                                : AV_FIELD_BB;
  }
  return codec;
}

// The opened encoder, or why not.
Codec try_open(const std::string& name, const AVStream& source, const VideoInfo& info,
               const PictureFormat& picture, const EncoderOptions& options, const OutputContainer& container,
               std::string* refusal) {
  const AVCodec* encoder = avcodec_find_encoder_by_name(name.c_str());
  if (encoder == nullptr || encoder->type != AVMEDIA_TYPE_VIDEO) {
    *refusal = "there is no video encoder \"" + name + "\"";
    return nullptr;
  }
  if (!container.takes(encoder->id)) {
    *refusal = "the container " + std::string(container.get()->oformat->name) +
               " does not take video of encoder " + name;
    return nullptr;
  }
  if (accepted(*encoder, picture.pixel_format) == AV_PIX_FMT_NONE) {
    *refusal = "encoder " + name + " does not take the source's pixel format " +
               av_get_pix_fmt_name(picture.pixel_format) +
               (has_alpha(picture.pixel_format) ? ", which has an alpha plane" : "");
    return nullptr;
  }
  if (loses_alpha(*encoder, picture.pixel_format, container)) {
    *refusal = "the container " + std::string(container.get()->oformat->name) +
               " has no place for the alpha plane of encoder " + name;
    return nullptr;
  }
  if (info.is_interlaced && !writes_fields(encoder->id)) {
    *refusal = "encoder " + name + " does not write interlaced video";
    return nullptr;
  }
  Codec codec = set_up(encoder, source, info, picture, options, container);
  Dictionary settings;
  set_quality(options, picture.hdr, codec.get(), &settings);
  int result = avcodec_open2(codec.get(), encoder, settings.address());
  if (result == AVERROR(ENOMEM)) throw Error(ErrorKind::memory, "out of memory");
  if (result < 0) {
    *refusal = "encoder " + name + " refuses " + std::to_string(codec->width) + "x" +
               std::to_string(codec->height) + " " + av_get_pix_fmt_name(picture.pixel_format) +
               " with these settings (" + message_of(result) + ")";
    return nullptr;
  }
  if (const AVDictionaryEntry* left = av_dict_get(*settings.address(), "", nullptr, AV_DICT_IGNORE_SUFFIX)) {
    *refusal = "encoder " + name + " has no option " + left->key;
    return nullptr;
  }
  return codec;
}
}  // namespace

AVPixelFormat without_range(AVPixelFormat format) {
  switch (format) {
    case AV_PIX_FMT_YUVJ420P:
      return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P:
      return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ444P:
      return AV_PIX_FMT_YUV444P;
    case AV_PIX_FMT_YUVJ440P:
      return AV_PIX_FMT_YUV440P;
    case AV_PIX_FMT_YUVJ411P:
      return AV_PIX_FMT_YUV411P;
    default:
      return format;
  }
}

PictureFormat picture_format(const AVStream& source, const VideoInfo& info) {
  const AVCodecParameters& par = *source.codecpar;
  PictureFormat picture;
  picture.pixel_format = nearest_native(AVPixelFormat(par.format));
  picture.range = par.color_range;
  picture.matrix = par.color_space;
  if (info.is_still) {
    bool odd = info.stored_width % 2 != 0 || info.stored_height % 2 != 0;
    picture.pixel_format = odd ? AV_PIX_FMT_YUV444P : AV_PIX_FMT_YUV420P;
    picture.range = AVCOL_RANGE_MPEG;
    picture.matrix = AVCOL_SPC_SMPTE170M;
    return picture;
  }
  picture.hdr = hdr_metadata(source, info.path);
  picture.time_base = source.time_base;
  picture.frame_rate = {int(info.average_rate.num), int(info.average_rate.den)};
  if (without_range(picture.pixel_format) != picture.pixel_format) picture.range = AVCOL_RANGE_JPEG;
  return picture;
}

Codec open_video_encoder(const AVStream& source, const VideoInfo& info, const PictureFormat& picture,
                         const EncoderOptions& options, const OutputContainer& container) {
  std::string first_refusal;
  std::vector<std::string> names = candidates(source.codecpar->codec_id, options);
  if (container.is("yuv4mpegpipe")) names = {"wrapped_avframe"};  // the samples as they are
  for (const std::string& name : names) {
    std::string refusal;
    Codec codec = try_open(name, source, info, picture, options, container, &refusal);
    if (codec) return codec;
    if (first_refusal.empty()) first_refusal = refusal;
  }
  throw Error(ErrorKind::output, first_refusal, container.path().string(),
              "choose another with --video-codec, or another container");
}

}  // namespace resyncer::media
