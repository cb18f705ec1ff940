#include "resyncer/media/video_reader.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "deinterlacer.h"
#include "demux.h"
#include "pixel_format.h"

namespace resyncer::media {

namespace {
using core::Error;
using core::ErrorKind;

int choose_stream(AVFormatContext* input, int wanted, const std::filesystem::path& path) {
  int index = wanted;
  if (wanted < 0) index = av_find_best_stream(input, AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
  bool exists = index >= 0 && index < int(input->nb_streams);
  if (!exists || input->streams[index]->codecpar->codec_type != AVMEDIA_TYPE_VIDEO ||
      (input->streams[index]->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0)
    throw Error(ErrorKind::input, "has no video stream", path.string());
  return index;
}

void check_size(int width, int height, const std::filesystem::path& path) {
  std::string size = std::to_string(width) + "x" + std::to_string(height);
  if (width <= 0 || height <= 0)
    throw Error(ErrorKind::input, "the video stream holds no picture that can be decoded", path.string());
  if (width > kMaxSide || height > kMaxSide || std::int64_t(width) * height > kMaxPixels)
    throw Error(ErrorKind::input, "pictures of " + size + " pixels are too large", path.string());
}

core::Rational rational(AVRational r) { return {r.num, r.den}; }

AVRational average_rate(AVFormatContext* input, AVStream* stream) {
  AVRational rate = stream->avg_frame_rate;
  if (rate.num <= 0 || rate.den <= 0) rate = av_guess_frame_rate(input, stream, nullptr);
  return rate.num > 0 && rate.den > 0 ? rate : AVRational{25, 1};
}

std::int64_t frame_ticks(const VideoInfo& info) {
  const AVRational rate{int(info.average_rate.num), int(info.average_rate.den)};
  const AVRational base{int(info.time_base.num), int(info.time_base.den)};
  constexpr std::int64_t kMost = std::int64_t{1} << 40;  // files say anything
  return std::clamp<std::int64_t>(av_rescale_q(1, av_inv_q(rate), base), 1, kMost);
}

bool has_time(const AVPacket& packet) { return packet.pts != AV_NOPTS_VALUE || packet.dts != AV_NOPTS_VALUE; }

// Where a Matroska file begins before zero its first packets have no time: they come before those that do.
void count_back_to_start(const std::filesystem::path& path, VideoInfo* info) {
  constexpr int kMost = 1000;
  const Demuxer input = open_input(path);
  Packet packet = make_packet();
  for (int count = 0; count < kMost && av_read_frame(input.get(), packet.get()) >= 0;
       av_packet_unref(packet.get())) {
    if (packet->stream_index != info->stream) continue;
    if (has_time(*packet)) {
      const std::int64_t time = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
      info->start_pts = av_sat_sub64(time, count * frame_ticks(*info));
      return;
    }
    ++count;
  }
}

// A photograph says how it was held with its pixels, and some codecs tell with each picture alone whether it
// holds two fields. What cannot be decoded is told when it is read.
void look_at_first_picture(const std::filesystem::path& path, int index, VideoInfo* info) {
  const Frame first = first_picture(path, index);
  if (!first) return;
  if (info->is_still) {
    info->rotation_degrees = rotation_of(*first);
  } else {
    info->is_interlaced = first->interlaced_frame != 0;
    info->top_field_first = first->top_field_first != 0;
  }
}

// Whether a stream's headers say that its pictures hold fields, or they never do.
bool is_told_by_stream(AVCodecID codec) {
  switch (codec) {
    case AV_CODEC_ID_H264:
    case AV_CODEC_ID_HEVC:
    case AV_CODEC_ID_MPEG2VIDEO:
    case AV_CODEC_ID_VP8:
    case AV_CODEC_ID_VP9:
    case AV_CODEC_ID_AV1:
      return true;
    default:
      return false;
  }
}

Transfer transfer_of(AVColorTransferCharacteristic transfer) {
  if (transfer == AVCOL_TRC_SMPTE2084) return Transfer::pq;
  return transfer == AVCOL_TRC_ARIB_STD_B67 ? Transfer::hlg : Transfer::sdr;
}

// Profile 5 has no ordinary picture below: its colours mean nothing to anything but a Dolby decoder.
void refuse_bare_dolby_vision(const AVStream& stream, const std::filesystem::path& path) {
  std::size_t size = 0;
  const std::uint8_t* data = av_stream_get_side_data(&stream, AV_PKT_DATA_DOVI_CONF, &size);
  if (data == nullptr || size < sizeof(AVDOVIDecoderConfigurationRecord)) return;
  if (reinterpret_cast<const AVDOVIDecoderConfigurationRecord*>(data)->dv_profile == 5)
    throw Error(ErrorKind::input, "Dolby Vision of profile 5 has colours that only Dolby's decoders know",
                path.string(), "convert it to HDR10 or HLG first");
}

VideoInfo describe_video(AVFormatContext* input, int index, const std::filesystem::path& path) {
  AVStream* stream = input->streams[index];
  const AVCodecParameters& par = *stream->codecpar;
  check_size(par.width, par.height, path);
  VideoInfo info;
  info.path = path;
  info.stream = index;
  info.container = input->iformat->name;
  info.codec = avcodec_get_name(par.codec_id);
  const char* format = av_get_pix_fmt_name(AVPixelFormat(par.format));
  info.pixel_format = format != nullptr ? format : "";
  info.stored_width = par.width;
  info.stored_height = par.height;
  info.is_still = is_picture(*input);
  refuse_bare_dolby_vision(*stream, path);
  info.rotation_degrees = rotation_of(*stream);
  info.is_interlaced = par.field_order > AV_FIELD_PROGRESSIVE;
  info.top_field_first = par.field_order == AV_FIELD_TT || par.field_order == AV_FIELD_BT;  // as shown
  if (info.is_still || (!info.is_interlaced && !is_told_by_stream(par.codec_id)))
    look_at_first_picture(path, index, &info);
  info.transfer = transfer_of(par.color_trc);
  const AVPixFmtDescriptor* pixel = av_pix_fmt_desc_get(AVPixelFormat(par.format));
  info.has_alpha = pixel != nullptr && (pixel->flags & AV_PIX_FMT_FLAG_ALPHA) != 0;
  AVRational aspect = av_guess_sample_aspect_ratio(input, stream, nullptr);
  bool sensible = aspect.num > 0 && aspect.den > 0 && av_q2d(aspect) > 1.0 / 16 && av_q2d(aspect) < 16;
  if (sensible) info.sample_aspect = rational(aspect);
  info.width = std::max(1, int(std::lround(par.width * info.sample_aspect.value())));
  info.height = par.height;
  if (info.rotation_degrees % 180 != 0) std::swap(info.width, info.height);
  info.time_base = rational(stream->time_base);
  info.average_rate = rational(average_rate(input, stream));
  info.start_pts = stream->start_time != AV_NOPTS_VALUE ? stream->start_time : 0;
  info.frame_count_hint = stream->nb_frames;
  info.bit_rate = par.bit_rate;
  info.duration_seconds = describe(*input, index).duration_seconds;
  for (unsigned i = 0; i < input->nb_streams; ++i) info.streams.push_back(describe(*input, int(i)));
  return info;
}
}  // namespace

struct VideoReader::Impl {
  VideoInfo info;
  Demuxer input;
  Codec codec;
  Packet packet = make_packet();
  Scaler scaler;
  AVPixelFormat format = AV_PIX_FMT_NONE;  // of the frames handed out
  bool draining = false, done = false, any_decoded = false;
  int damaged = 0, left_out = 0;
  std::int64_t last_pts = AV_NOPTS_VALUE;
  std::int64_t skip_before = AV_NOPTS_VALUE;  // set by seek
  bool just_sought = false;
  bool wait_for_key = false;  // a jump by bytes may land between key frames
  bool is_peeked = false;     // `packet` is the next one

  Interlaced interlaced = Interlaced::deinterlace;
  bool fields_ahead = false;  // the stream says that its pictures hold fields
  int threads = 0;
  std::unique_ptr<Deinterlacer> deinterlacer;  // from the first picture that needs it

  Impl(const std::filesystem::path& path, const ReaderOptions& options)
      : input(open_input(path)), interlaced(options.interlaced), threads(options.threads) {
    int index = choose_stream(input.get(), options.stream, path);
    codec = open_decoder(*input->streams[index], options.threads, path);
    info = describe_video(input.get(), index, path);
    for (unsigned i = 0; i < input->nb_streams; ++i)
      input->streams[i]->discard = int(i) == index ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
    format = nearest_native(AVPixelFormat(input->streams[index]->codecpar->format));
    fields_ahead = info.is_interlaced && !info.is_still;
    if (fields_ahead) meet_fields();
    const bool tells_times = (input->iformat->flags & AVFMT_NOTIMESTAMPS) == 0;
    if (tells_times && !info.is_still && peek() && !has_time(*packet)) count_back_to_start(path, &info);
  }

  bool peek() {
    while (!is_peeked && av_read_frame(input.get(), packet.get()) >= 0) {
      is_peeked = packet->stream_index == info.stream;
      if (!is_peeked) av_packet_unref(packet.get());
    }
    return is_peeked;
  }

  void meet_fields() {
    if (input->streams[info.stream]->codecpar->codec_id == AV_CODEC_ID_HEVC)
      throw Error(ErrorKind::input, "the video is interlaced, and each field is a picture of its own",
                  info.path.string(), "weave or deinterlace it first, for example with ffmpeg");
    if (interlaced == Interlaced::refuse)
      throw Error(ErrorKind::input, "the video is interlaced: each picture holds two moments",
                  info.path.string(),
                  "choose --interlaced deinterlace (one whole picture for each, at the same time) or keep");
    if (interlaced == Interlaced::deinterlace) info.is_interlaced = false;
  }

  // Hands the decoder one more packet, or tells it that there are none.
  void feed() {
    int result = std::exchange(is_peeked, false) ? 0 : av_read_frame(input.get(), packet.get());
    if (result == AVERROR(ENOMEM)) fail(ErrorKind::input, result, "cannot be read", info.path);
    if (result == AVERROR(EAGAIN)) return;
    if (result < 0) {  // the end, or a file that breaks off: what came before it counts
      if (result != AVERROR_EOF) ++damaged;
      draining = true;
      avcodec_send_packet(codec.get(), nullptr);
      return;
    }
    const bool is_own = packet->stream_index == info.stream;
    if (is_own && (packet->flags & AV_PKT_FLAG_KEY) != 0) wait_for_key = false;
    if (is_own && !wait_for_key) {
      result = avcodec_send_packet(codec.get(), packet.get());
      if (result == AVERROR(ENOMEM)) fail(ErrorKind::input, result, "cannot be decoded", info.path);
      if (result < 0) ++damaged;
    }
    av_packet_unref(packet.get());
  }

  Frame decode() {
    Frame frame = make_frame();
    while (true) {
      int result = avcodec_receive_frame(codec.get(), frame.get());
      if (result == 0) return frame;
      if (result == AVERROR(ENOMEM)) fail(ErrorKind::input, result, "cannot be decoded", info.path);
      if (result == AVERROR_EOF || (draining && result != AVERROR(EAGAIN))) return nullptr;
      if (result != AVERROR(EAGAIN)) {
        ++damaged;
        continue;
      }
      if (draining) return nullptr;
      feed();
    }
  }

  // Some files (raw streams, AVI) give no or repeated time stamps: they must rise.
  void set_time(AVFrame* frame) {
    std::int64_t pts =
        frame->best_effort_timestamp != AV_NOPTS_VALUE ? frame->best_effort_timestamp : frame->pts;
    if (pts == AV_NOPTS_VALUE)
      pts = last_pts == AV_NOPTS_VALUE ? info.start_pts : av_sat_add64(last_pts, frame_ticks(info));
    if (last_pts != AV_NOPTS_VALUE && pts <= last_pts) pts = av_sat_add64(last_pts, 1);
    frame->pts = last_pts = pts;
  }

  void check(const AVFrame& frame) const {
    if (frame.width == info.stored_width && frame.height == info.stored_height) return;
    auto text = [](int w, int h) { return std::to_string(w) + "x" + std::to_string(h); };
    double time = last_pts == AV_NOPTS_VALUE ? 0 : double(last_pts - info.start_pts) * info.time_base.value();
    std::string seconds = std::to_string(std::int64_t(std::max(0.0, time)));
    throw Error(ErrorKind::input,
                "the picture size changes from " + text(info.stored_width, info.stored_height) + " to " +
                    text(frame.width, frame.height) + " after " + seconds + " s",
                info.path.string(), "convert it to one size first");
  }

  // A file that is cut out of another begins between key frames. Pictures before the first of these refer to
  // what it does not have: that of H.264 makes them up out of gray, and players do not show them.
  bool is_made_up(const AVFrame& frame) const {
    constexpr int kMost = 1000;  // some streams never have a picture that stands alone
    const bool stands_alone = frame.key_frame != 0 || frame.pict_type == AV_PICTURE_TYPE_I;
    const bool begins_between = left_out > 0 || (frame.flags & AV_FRAME_FLAG_CORRUPT) != 0;
    return !any_decoded && !stands_alone && begins_between && left_out < kMost;
  }

  // The next picture in the format and order of what is handed out; null at the end.
  Frame next() {
    while (!done) {
      Frame frame = decode();
      if (!frame) {
        done = true;
        if (!any_decoded && skip_before == AV_NOPTS_VALUE)
          throw Error(ErrorKind::input, "no picture of the video can be decoded", info.path.string());
        break;
      }
      if (is_made_up(*frame)) {
        ++left_out;
        continue;
      }
      check(*frame);
      set_time(frame.get());
      any_decoded = true;
      if (just_sought && !step_back_if_late(frame->pts)) continue;
      if (skip_before != AV_NOPTS_VALUE && frame->pts < skip_before) continue;
      if (format == AV_PIX_FMT_NONE) format = nearest_native(AVPixelFormat(frame->format));
      if (frame->format != format) frame = convert(*frame, format, &scaler);
      return frame;
    }
    return nullptr;
  }

  // True when the picture is to go through the deinterlacer: from the first one with fields on, all do.
  bool needs_deinterlacing(const AVFrame& frame) {
    if (deinterlacer) return true;
    if (info.is_still || (!fields_ahead && frame.interlaced_frame == 0)) return false;
    if (!fields_ahead) meet_fields();  // a stream that does not say so beforehand
    if (interlaced != Interlaced::deinterlace) return false;
    deinterlacer = std::make_unique<Deinterlacer>(frame, info.top_field_first, threads);
    return true;
  }

  std::optional<VideoFrame> read() {
    Frame out = deinterlacer ? deinterlacer->pull() : nullptr;
    while (!out) {
      Frame frame = next();
      const bool last = !frame;
      if (last && !deinterlacer) return std::nullopt;
      if (last || needs_deinterlacing(*frame)) {
        if (!last || !drained) deinterlacer->push(std::move(frame));
        drained = last;
        out = deinterlacer->pull();
        if (last && !out) return std::nullopt;
      } else {
        out = std::move(frame);
      }
    }
    return VideoFrame(std::shared_ptr<AVFrame>(out.release(), Release()));
  }
  bool drained = false;  // the deinterlacer knows that there are no more

  // --- seeking
  std::int64_t sought = 0;  // where the last jump aimed at

  void jump(std::int64_t pts) {
    sought = pts;
    if (std::exchange(is_peeked, false)) av_packet_unref(packet.get());
    int result = av_seek_frame(input.get(), info.stream, pts, AVSEEK_FLAG_BACKWARD);
    if (result < 0) result = av_seek_frame(input.get(), info.stream, info.start_pts, AVSEEK_FLAG_BACKWARD);
    if (result < 0) result = av_seek_frame(input.get(), -1, 0, AVSEEK_FLAG_BYTE);
    if (result < 0) fail(ErrorKind::input, result, "cannot be read from the middle", info.path);
    avcodec_flush_buffers(codec.get());
    draining = done = drained = false;
    deinterlacer.reset();
    last_pts = AV_NOPTS_VALUE;
    just_sought = true;
    wait_for_key = pts > info.start_pts;
  }

  // With reordered frames a jump may land behind its goal: then again, further back. True when all is well.
  bool step_back_if_late(std::int64_t first_pts) {
    just_sought = false;
    if (first_pts <= skip_before || sought <= info.start_pts) return true;
    std::int64_t second = std::max<std::int64_t>(1, std::int64_t(1 / info.time_base.value()));
    std::int64_t back = std::max(second, 2 * (skip_before - sought));
    jump(std::max(info.start_pts, skip_before - back));
    return false;
  }
};

VideoReader::VideoReader(const std::filesystem::path& path, const ReaderOptions& options)
    : impl_(std::make_unique<Impl>(path, options)) {}
VideoReader::~VideoReader() = default;
VideoReader::VideoReader(VideoReader&&) noexcept = default;
VideoReader& VideoReader::operator=(VideoReader&&) noexcept = default;

const VideoInfo& VideoReader::info() const { return impl_->info; }

core::Affine2 VideoReader::upright_from_stored() const {
  const VideoInfo& info = impl_->info;
  return media::upright_from_stored(info.stored_width, info.stored_height, info.rotation_degrees,
                                    info.sample_aspect.value());
}

std::optional<VideoFrame> VideoReader::read() { return impl_->read(); }
int VideoReader::damaged_packets() const { return impl_->damaged; }
int VideoReader::left_out() const { return impl_->left_out; }

void VideoReader::seek(std::int64_t pts) {
  impl_->skip_before = pts;
  impl_->jump(pts);
}

VideoInfo probe_video(const std::filesystem::path& path) {
  Demuxer input = open_input(path);
  return describe_video(input.get(), choose_stream(input.get(), -1, path), path);
}

std::vector<StreamInfo> probe_streams(const std::filesystem::path& path) {
  Demuxer input = open_input(path);
  std::vector<StreamInfo> streams;
  for (unsigned i = 0; i < input->nb_streams; ++i) streams.push_back(describe(*input, int(i)));
  return streams;
}

}  // namespace resyncer::media
