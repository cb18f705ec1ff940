#include "resyncer/media/video_writer.h"

#include <cstring>
#include <map>

#include "audio_feed.h"
#include "pixel_format.h"
#include "stream_copier.h"
#include "video_encoder.h"

namespace resyncer::media {

using core::Error;
using core::ErrorKind;

namespace {
// Rotation, light levels and the like belong to the picture, whatever encodes it.
void copy_side_data(const AVStream& from, AVStream* to) {
  for (int i = 0; i < from.nb_side_data; ++i) {
    const AVPacketSideData& data = from.side_data[i];
    switch (data.type) {
      case AV_PKT_DATA_DISPLAYMATRIX:
      case AV_PKT_DATA_SPHERICAL:
      case AV_PKT_DATA_STEREO3D:
      case AV_PKT_DATA_MASTERING_DISPLAY_METADATA:
      case AV_PKT_DATA_CONTENT_LIGHT_LEVEL: {
        std::uint8_t* copy = av_stream_new_side_data(to, data.type, data.size);
        if (copy == nullptr) throw Error(ErrorKind::memory, "out of memory");
        std::memcpy(copy, data.data, data.size);
        break;
      }
      default:
        break;
    }
  }
}

// A photograph's rotation stands in its pixels' own data, a film's in its container.
void set_rotation(int degrees, AVStream* to) {
  if (degrees == 0 || av_stream_get_side_data(to, AV_PKT_DATA_DISPLAYMATRIX, nullptr) != nullptr) return;
  std::uint8_t* matrix = av_stream_new_side_data(to, AV_PKT_DATA_DISPLAYMATRIX, 9 * sizeof(std::int32_t));
  if (matrix == nullptr) throw Error(ErrorKind::memory, "out of memory");
  av_display_rotation_set(reinterpret_cast<std::int32_t*>(matrix), degrees);
}

int depth_of(AVPixelFormat format) { return av_pix_fmt_desc_get(format)->comp[0].depth; }
}  // namespace

struct VideoWriter::Impl {
  VideoInfo info;
  OutputContainer container;
  StreamCopier copier;
  PictureFormat picture;
  Codec encoder;
  AVStream* video = nullptr;
  std::unique_ptr<AudioFeed> speech;
  AVStream* speech_stream = nullptr;
  std::string audio_action = "none";
  std::vector<std::string> left_out;
  Packet packet = make_packet(), speech_packet = make_packet();
  bool speech_pending = false, speech_ended = false;
  std::optional<Cut> cut;
  Scaler scaler;
  std::int64_t first_pts = AV_NOPTS_VALUE, last_pts = AV_NOPTS_VALUE;
  std::map<std::int64_t, std::int64_t> durations;  // of the frames inside the encoder, by pts

  Impl(const std::filesystem::path& path, const VideoReader& source, const EncoderOptions& options,
       const MuxOptions& mux)
      : info(source.info()),
        container(path, options.container, options.bit_exact),
        copier(mux.source.empty() ? info.path : mux.source, info.stream) {
    const AVStream& from = copier.video_stream();
    picture = picture_format(from, info);
    encoder = open_video_encoder(from, info, picture, options, container);
    add_video(from);
    if (mux.end_pts) {
      cut = Cut{*mux.end_pts, picture.time_base};
      copier.end_at(*cut);
    }
    if (!mux.speech.empty() && !container.is("yuv4mpegpipe")) add_speech(mux.speech, options.bit_exact);
    copier.add_streams(!mux.speech.empty(), mux.keep_source_audio, &container);
    if (mux.speech.empty() && copier.copies_audio()) audio_action = "copied";
    left_out = copier.left_out();
    const int read = depth_of(picture.pixel_format), written = depth_of(encoder->pix_fmt);
    if (written < read)
      left_out.push_back(container.path().string() + ": encoder " + encoder->codec->name + " writes " +
                         std::to_string(written) + " of the source's " + std::to_string(read) + " bits");
    for (const std::string& name : picture.hdr.lost)
      left_out.push_back(container.path().string() + ": the " + name +
                         " data of each picture is left out; the colours are those without it");
    container.add(mux.statement);
    container.write_header(picture.time_base, double(info.start_pts) * info.time_base.value());
  }

  void add_video(const AVStream& from) {
    video = container.add_stream();
    if (avcodec_parameters_from_context(video->codecpar, encoder.get()) < 0)
      throw Error(ErrorKind::memory, "out of memory");
    if (container.is_mp4_like() && encoder->codec_id == AV_CODEC_ID_HEVC)
      video->codecpar->codec_tag = MKTAG('h', 'v', 'c', '1');  // Apple's players want this of the two
    video->time_base = picture.time_base;
    if (container.is("yuv4mpegpipe"))
      video->time_base = av_inv_q(picture.frame_rate);  // all that it tells of time
    video->avg_frame_rate = video->r_frame_rate = picture.frame_rate;
    video->sample_aspect_ratio = encoder->sample_aspect_ratio;
    video->disposition = from.disposition;
    copy_metadata(from.metadata, &video->metadata);
    copy_side_data(from, video);
    add_to(picture.hdr, video);
    set_rotation(info.rotation_degrees, video);
  }

  void add_speech(const std::filesystem::path& path, bool bit_exact) {
    speech = open_audio_feed(path, container, bit_exact);
    speech_stream = container.add_stream();
    if (avcodec_parameters_copy(speech_stream->codecpar, &speech->parameters()) < 0)
      throw Error(ErrorKind::memory, "out of memory");
    speech_stream->codecpar->codec_tag = 0;
    speech_stream->time_base = speech->time_base();
    speech_stream->disposition = AV_DISPOSITION_DEFAULT;
    for (const char* key : {"language", "title"})
      if (const AVDictionaryEntry* tag = av_dict_get(speech->source().metadata, key, nullptr, 0))
        av_dict_set(&speech_stream->metadata, key, tag->value, 0);
    audio_action = speech->action();
  }

  // The speech's first sample is heard with the first picture.
  void write_speech_until(std::int64_t time) {
    while (speech && !speech_ended) {
      AVRational base = speech->time_base();
      if (!speech_pending) {
        speech_ended = !speech->next(speech_packet.get());
        if (speech_ended) return;
        std::int64_t shift =
            first_pts == AV_NOPTS_VALUE ? 0 : av_rescale_q(first_pts, picture.time_base, base);
        if (speech_packet->pts != AV_NOPTS_VALUE) speech_packet->pts += shift;
        if (speech_packet->dts != AV_NOPTS_VALUE) speech_packet->dts += shift;
        if (cut && !cut_packet(*cut, base, speech->parameters(), speech_packet.get())) {
          av_packet_unref(speech_packet.get());
          speech_ended = true;
          return;
        }
        speech_pending = true;
      }
      if (av_compare_ts(speech_packet->pts, base, time, picture.time_base) > 0) return;
      container.write(speech_packet.get(), *speech_stream, base);
      speech_pending = false;
    }
  }

  Frame prepare(const VideoFrame& frame) {
    Frame out;
    if (info.is_still && frame.get()->format != picture.pixel_format)
      out = convert(*frame.get(), picture.pixel_format, &scaler);
    else
      out.reset(av_frame_clone(frame.get()));
    if (!out) throw Error(ErrorKind::memory, "out of memory");
    if (without_range(AVPixelFormat(out->format)) == without_range(encoder->pix_fmt))
      out->format = encoder->pix_fmt;
    else if (out->format == picture.pixel_format)  // the encoder wants the same samples in other planes
      out = convert(*out, encoder->pix_fmt, &scaler);
    if (out->format != encoder->pix_fmt || out->width != encoder->width || out->height != encoder->height)
      throw Error(ErrorKind::internal, "a frame does not have the format that was announced",
                  container.path().string());
    out->pict_type = AV_PICTURE_TYPE_NONE;  // the encoder's own choice
    out->key_frame = 0;
    return out;
  }

  // A last frame without duration would lie outside the edit list of an MP4.
  std::int64_t nominal_duration() const {
    return std::max<std::int64_t>(1, av_rescale_q(1, av_inv_q(picture.frame_rate), picture.time_base));
  }

  void write(const VideoFrame& frame) {
    std::int64_t pts = frame.pts();
    if (last_pts != AV_NOPTS_VALUE && pts <= last_pts)
      throw Error(ErrorKind::internal, "frames must be written in the order of their times",
                  container.path().string());
    if (first_pts == AV_NOPTS_VALUE) first_pts = pts;
    last_pts = pts;
    Frame out = prepare(frame);
    durations[pts] = out->pkt_duration > 0 && !info.is_still ? out->pkt_duration : nominal_duration();
    encode(out.get());
    write_speech_until(pts);
    copier.write_until(pts, picture.time_base);
  }

  void encode(const AVFrame* frame) {
    int result = avcodec_send_frame(encoder.get(), frame);
    if (result < 0) fail(ErrorKind::output, result, "a picture cannot be encoded", container.path());
    while (true) {
      result = avcodec_receive_packet(encoder.get(), packet.get());
      if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return;
      if (result < 0) fail(ErrorKind::output, result, "a picture cannot be encoded", container.path());
      auto duration = durations.find(packet->pts);
      if (duration != durations.end()) {
        packet->duration = duration->second;
        durations.erase(duration);
      }
      container.write(packet.get(), *video, encoder->time_base);
    }
  }

  void finish() {
    encode(nullptr);
    // All of the speech is kept, even where it is longer than the picture.
    constexpr std::int64_t kEnd = INT64_MAX / 4;
    write_speech_until(kEnd);
    copier.write_rest();
    container.finish();
  }
};

VideoWriter::VideoWriter(const std::filesystem::path& path, const VideoReader& source,
                         const EncoderOptions& encoder, const MuxOptions& mux)
    : impl_(std::make_unique<Impl>(path, source, encoder, mux)) {}
VideoWriter::~VideoWriter() = default;
VideoWriter::VideoWriter(VideoWriter&&) noexcept = default;

void VideoWriter::write(const VideoFrame& frame) { impl_->write(frame); }
void VideoWriter::finish() { impl_->finish(); }
const std::string& VideoWriter::audio_action() const { return impl_->audio_action; }
const std::vector<std::string>& VideoWriter::left_out() const { return impl_->left_out; }

}  // namespace resyncer::media
