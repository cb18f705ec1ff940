#include "media/media_samples.h"

#include <unistd.h>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/pixdesc.h>
}

#include <algorithm>
#include <cstring>
#include <fstream>
#include <memory>
#include <stdexcept>

namespace resyncer::media::testing {

namespace {
struct Release {
  void operator()(AVCodecContext* c) const { avcodec_free_context(&c); }
  void operator()(AVFrame* f) const { av_frame_free(&f); }
  void operator()(AVPacket* p) const { av_packet_free(&p); }
  void operator()(AVFormatContext* c) const {
    if (c->iformat != nullptr) {
      avformat_close_input(&c);
      return;
    }
    avio_closep(&c->pb);
    avformat_free_context(c);
  }
};
template <typename T>
using Owned = std::unique_ptr<T, Release>;

void check(int result, const char* what) {
  if (result < 0) throw std::runtime_error(std::string("media sample: ") + what);
}

Owned<AVFormatContext> create(const std::filesystem::path& path) {
  AVFormatContext* context = nullptr;
  check(avformat_alloc_output_context2(&context, nullptr, nullptr, path.c_str()), "container");
  Owned<AVFormatContext> muxer(context);
  context->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;
  check(avio_open(&context->pb, path.c_str(), AVIO_FLAG_WRITE), "open");
  return muxer;
}

// A ramp that moves, different in each plane.
void paint(AVFrame* frame, int index) {
  const AVPixFmtDescriptor& d = *av_pix_fmt_desc_get(AVPixelFormat(frame->format));
  int bytes = d.comp[0].depth > 8 ? 2 : 1, peak = (1 << d.comp[0].depth) - 1;
  for (int p = 0; p < av_pix_fmt_count_planes(AVPixelFormat(frame->format)); ++p) {
    int width = p > 0 ? -((-frame->width) >> d.log2_chroma_w) : frame->width;
    int height = p > 0 ? -((-frame->height) >> d.log2_chroma_h) : frame->height;
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) {
        auto value = std::uint16_t(((x * 3 + y * 5 + index * 7 + p * 40) * (bytes == 2 ? 4 : 1)) & peak);
        std::memcpy(frame->data[p] + y * frame->linesize[p] + x * bytes, &value, std::size_t(bytes));
      }
  }
}

Owned<AVCodecContext> open_encoder(const VideoSample& s, int scale, bool global_header) {
  const AVCodec* encoder = avcodec_find_encoder_by_name(s.encoder.c_str());
  if (encoder == nullptr) throw std::runtime_error("media sample: no encoder " + s.encoder);
  Owned<AVCodecContext> codec(avcodec_alloc_context3(encoder));
  codec->width = s.width * scale;
  codec->height = s.height * scale;
  codec->pix_fmt = s.format;
  codec->time_base = {s.time_base_num, s.time_base_den};
  codec->framerate = {25, 1};
  codec->gop_size = 10;
  codec->color_trc = s.transfer;
  if (s.interlaced) codec->flags |= AV_CODEC_FLAG_INTERLACED_DCT | AV_CODEC_FLAG_INTERLACED_ME;
  codec->thread_count = 1;
  if (global_header) codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  check(avcodec_open2(codec.get(), encoder, nullptr), "encoder");
  return codec;
}

void encode(AVCodecContext* codec, const AVFrame* frame, AVFormatContext* muxer) {
  Owned<AVPacket> packet(av_packet_alloc());
  check(avcodec_send_frame(codec, frame), "encode");
  while (avcodec_receive_packet(codec, packet.get()) >= 0) {
    packet->stream_index = 0;
    // Without a duration the last frame of an MP4 would lie outside its edit list.
    packet->duration = std::max<std::int64_t>(1, av_rescale_q(1, {1, 25}, codec->time_base));
    av_packet_rescale_ts(packet.get(), codec->time_base, muxer->streams[0]->time_base);
    check(av_interleaved_write_frame(muxer, packet.get()), "write");
  }
}

void write_packet(AVFormatContext* muxer, int stream, std::int64_t pts, std::int64_t duration,
                  AVRational base, const void* data, std::size_t size) {
  Owned<AVPacket> packet(av_packet_alloc());
  check(av_new_packet(packet.get(), int(size)), "packet");
  std::memcpy(packet->data, data, size);
  packet->pts = packet->dts = pts;
  packet->duration = duration;
  packet->stream_index = stream;
  packet->flags |= AV_PKT_FLAG_KEY;
  av_packet_rescale_ts(packet.get(), base, muxer->streams[stream]->time_base);
  check(av_interleaved_write_frame(muxer, packet.get()), "write");
}

AVStream* add_sound(AVFormatContext* muxer, int rate, int channels) {
  AVStream* stream = avformat_new_stream(muxer, nullptr);
  stream->codecpar->codec_type = AVMEDIA_TYPE_AUDIO;
  stream->codecpar->codec_id = AV_CODEC_ID_PCM_S16LE;
  stream->codecpar->sample_rate = rate;
  stream->codecpar->format = AV_SAMPLE_FMT_S16;
  stream->codecpar->bits_per_coded_sample = 16;
  stream->codecpar->block_align = 2 * channels;
  av_channel_layout_default(&stream->codecpar->ch_layout, channels);
  stream->time_base = {1, rate};
  return stream;
}

void write_samples(AVFormatContext* muxer, int stream, int rate, int channels, std::int64_t samples,
                   int value) {
  for (std::int64_t at = 0; at < samples; at += 800) {
    auto count = std::min<std::int64_t>(800, samples - at);
    std::vector<std::int16_t> block(std::size_t(count * channels), std::int16_t(value));
    write_packet(muxer, stream, at, count, {1, rate}, block.data(), block.size() * 2);
  }
}

void add_chapter(AVFormatContext* muxer) {
  auto* chapter = static_cast<AVChapter*>(av_mallocz(sizeof(AVChapter)));
  chapter->time_base = {1, 1000};
  chapter->end = 500;
  av_dict_set(&chapter->metadata, "title", "One", 0);
  muxer->chapters = static_cast<AVChapter**>(av_calloc(1, sizeof(AVChapter*)));
  muxer->chapters[muxer->nb_chapters++] = chapter;
}
}  // namespace

std::vector<std::int64_t> regular_pts(int frames, std::int64_t start, std::int64_t step) {
  std::vector<std::int64_t> pts;
  for (int i = 0; i < frames; ++i) pts.push_back(start + i * step);
  return pts;
}

void write_video(const std::filesystem::path& path, const VideoSample& s) {
  av_log_set_level(AV_LOG_QUIET);
  Owned<AVFormatContext> muxer = create(path);
  bool global = (muxer->oformat->flags & AVFMT_GLOBALHEADER) != 0;
  Owned<AVCodecContext> codec = open_encoder(s, 1, global);
  AVStream* stream = avformat_new_stream(muxer.get(), nullptr);
  check(avcodec_parameters_from_context(stream->codecpar, codec.get()), "parameters");
  stream->time_base = codec->time_base;
  if (s.rotation_clockwise != 0) {
    auto* matrix = av_stream_new_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, 9 * sizeof(std::int32_t));
    av_display_rotation_set(reinterpret_cast<std::int32_t*>(matrix), s.rotation_clockwise);
  }
  for (int i = 0; i < s.audio_tracks; ++i)
    av_dict_set(&add_sound(muxer.get(), 16000, 1)->metadata, "language", i == 0 ? "eng" : "fra", 0);
  if (s.subtitle) {
    AVStream* subtitle = avformat_new_stream(muxer.get(), nullptr);
    subtitle->codecpar->codec_type = AVMEDIA_TYPE_SUBTITLE;
    subtitle->codecpar->codec_id = AV_CODEC_ID_SUBRIP;
    subtitle->time_base = {1, 1000};
  }
  if (s.chapter) add_chapter(muxer.get());
  AVDictionary* options = nullptr;
  std::string scale = std::to_string(s.time_base_den);
  av_dict_set(&options, "video_track_timescale", scale.c_str(), 0);
  av_dict_set(&options, "movie_timescale", scale.c_str(), 0);
  int result = avformat_write_header(muxer.get(), &options);
  av_dict_free(&options);
  check(result, "header");
  for (int i = 0; i < s.audio_tracks; ++i) write_samples(muxer.get(), 1 + i, 16000, 1, 16000, 100 * (i + 1));
  if (s.subtitle) write_packet(muxer.get(), 1 + s.audio_tracks, 200, 300, {1, 1000}, "Hello", 5);
  for (std::size_t i = 0; i < s.pts.size(); ++i) {
    if (int(i) == s.change_size_at) {
      encode(codec.get(), nullptr, muxer.get());
      codec = open_encoder(s, 2, global);
    }
    Owned<AVFrame> frame(av_frame_alloc());
    frame->width = codec->width;
    frame->height = codec->height;
    frame->format = s.format;
    frame->pts = s.pts[i];
    frame->interlaced_frame = s.interlaced ? 1 : 0;
    frame->top_field_first = s.interlaced && s.top_field_first ? 1 : 0;
    check(av_frame_get_buffer(frame.get(), 0), "frame");
    paint(frame.get(), int(i));
    encode(codec.get(), frame.get(), muxer.get());
  }
  encode(codec.get(), nullptr, muxer.get());
  check(av_write_trailer(muxer.get()), "trailer");
}

void write_sound(const std::filesystem::path& path, double seconds, int rate, int channels, int value) {
  Owned<AVFormatContext> muxer = create(path);
  add_sound(muxer.get(), rate, channels);
  check(avformat_write_header(muxer.get(), nullptr), "header");
  write_samples(muxer.get(), 0, rate, channels, std::int64_t(seconds * rate), value);
  check(av_write_trailer(muxer.get()), "trailer");
}

void write_bytes(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return std::string{std::istreambuf_iterator<char>(stream), {}};
}

namespace {
Owned<AVFormatContext> open(const std::filesystem::path& path) {
  AVFormatContext* context = nullptr;
  if (avformat_open_input(&context, path.c_str(), nullptr, nullptr) < 0) return nullptr;
  Owned<AVFormatContext> input(context);
  return avformat_find_stream_info(context, nullptr) < 0 ? nullptr : std::move(input);
}
}  // namespace

std::vector<PacketList> packets_of(const std::filesystem::path& path) {
  Owned<AVFormatContext> input = open(path);
  if (!input) return {};
  std::vector<PacketList> streams(input->nb_streams);
  for (unsigned i = 0; i < input->nb_streams; ++i) {
    const AVStream& stream = *input->streams[i];
    streams[i].type = av_get_media_type_string(stream.codecpar->codec_type);
    streams[i].codec = avcodec_get_name(stream.codecpar->codec_id);
    const AVDictionaryEntry* language = av_dict_get(stream.metadata, "language", nullptr, 0);
    if (language != nullptr) streams[i].language = language->value;
  }
  Owned<AVPacket> packet(av_packet_alloc());
  while (av_read_frame(input.get(), packet.get()) >= 0) {
    PacketList& list = streams[std::size_t(packet->stream_index)];
    list.seconds.push_back(double(packet->pts) * av_q2d(input->streams[packet->stream_index]->time_base));
    list.bytes.emplace_back(reinterpret_cast<const char*>(packet->data), std::size_t(packet->size));
    av_packet_unref(packet.get());
  }
  for (PacketList& list : streams) std::sort(list.seconds.begin(), list.seconds.end());
  return streams;
}

int chapters_of(const std::filesystem::path& path) {
  Owned<AVFormatContext> input = open(path);
  return input ? int(input->nb_chapters) : -1;
}

}  // namespace resyncer::media::testing
