#include "audio_feed.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>

#include "audio_decoder.h"
#include "demux.h"

namespace resyncer::media {

using core::Error;
using core::ErrorKind;

namespace {

class CopiedAudio : public AudioFeed {
 public:
  explicit CopiedAudio(const std::filesystem::path& path) : input_(open_input(path)) {
    index_ = choose_audio(*input_);
    if (index_ < 0) throw Error(ErrorKind::input, "has no audio stream", path.string());
    for (int i = 0; i < int(input_->nb_streams); ++i)
      input_->streams[i]->discard = i == index_ ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
    find_first_sample();
  }

  bool next(AVPacket* packet) override {
    if (!queue_.empty()) {
      av_packet_move_ref(packet, queue_.front().get());
      queue_.pop_front();
    } else if (!read(packet)) {
      return false;
    }
    packet->pts -= first_sample_;
    packet->dts = packet->pts;
    return true;
  }

  AVRational time_base() const override { return source().time_base; }
  const AVCodecParameters& parameters() const override { return *source().codecpar; }
  const AVStream& source() const override { return *input_->streams[index_]; }
  std::string action() const override { return "copied"; }

 private:
  // Time stamps that are missing follow from the durations.
  bool read(AVPacket* packet) {
    while (av_read_frame(input_.get(), packet) >= 0) {
      if (packet->stream_index != index_ || packet->size == 0) {
        av_packet_unref(packet);
        continue;
      }
      if (packet->pts == AV_NOPTS_VALUE) packet->pts = packet->dts != AV_NOPTS_VALUE ? packet->dts : next_;
      next_ = packet->pts + packet->duration;
      return true;
    }
    return false;
  }

  // Codecs start with samples that are not heard: whole packets marked so, and a number of samples in the
  // first other.
  void find_first_sample() {
    constexpr int kMostPackets = 64;
    for (int i = 0; i < kMostPackets; ++i) {
      Packet packet = make_packet();
      if (!read(packet.get())) return;
      bool heard = (packet->flags & AV_PKT_FLAG_DISCARD) == 0;
      first_sample_ = packet->pts + skipped(*packet);
      queue_.push_back(std::move(packet));
      if (heard) return;
    }
  }

  std::int64_t skipped(const AVPacket& packet) const {
    std::size_t size = 0;
    const std::uint8_t* data = av_packet_get_side_data(&packet, AV_PKT_DATA_SKIP_SAMPLES, &size);
    if (data == nullptr || size < 10 || parameters().sample_rate <= 0) return 0;
    std::uint32_t samples = data[0] | data[1] << 8U | data[2] << 16U | std::uint32_t(data[3]) << 24U;
    return av_rescale_q(samples, {1, parameters().sample_rate}, time_base());
  }

  Demuxer input_;
  int index_ = -1;
  std::deque<Packet> queue_;
  std::int64_t first_sample_ = 0, next_ = 0;
};

int nearest_rate(const AVCodec& encoder, int rate) {
  if (encoder.supported_samplerates == nullptr) return rate;
  int above = 0, highest = 0;
  for (const int* r = encoder.supported_samplerates; *r != 0; ++r) {
    if (*r >= rate && (above == 0 || *r < above)) above = *r;
    highest = std::max(highest, *r);
  }
  return above != 0 ? above : highest;
}

AVChannelLayout layout_for(const AVCodec& encoder, int channels) {
  AVChannelLayout layout{};
  if (encoder.ch_layouts != nullptr) {
    for (const AVChannelLayout* l = encoder.ch_layouts; l->nb_channels != 0; ++l)
      if (l->nb_channels == channels && av_channel_layout_copy(&layout, l) >= 0) return layout;
  }
  av_channel_layout_default(&layout,
                            encoder.ch_layouts != nullptr || channels > 8 ? std::min(channels, 2) : channels);
  return layout;
}

class EncodedAudio : public AudioFeed {
 public:
  EncodedAudio(const std::filesystem::path& path, const AVCodec* encoder, const OutputContainer& container,
               bool bit_exact)
      : path_(path), decoder_(path) {
    const AVCodecParameters& par = *decoder_.stream().codecpar;
    codec_.reset(avcodec_alloc_context3(encoder));
    if (!codec_) throw Error(ErrorKind::memory, "out of memory");
    int channels = std::max(1, par.ch_layout.nb_channels);
    codec_->sample_fmt = encoder->sample_fmts != nullptr ? encoder->sample_fmts[0] : AV_SAMPLE_FMT_S16;
    codec_->sample_rate = nearest_rate(*encoder, par.sample_rate > 0 ? par.sample_rate : 48000);
    codec_->ch_layout = layout_for(*encoder, channels);
    codec_->time_base = {1, codec_->sample_rate};
    codec_->bit_rate = std::int64_t{96000} * codec_->ch_layout.nb_channels;
    if (bit_exact) codec_->flags |= AV_CODEC_FLAG_BITEXACT;
    if ((container.get()->oformat->flags & AVFMT_GLOBALHEADER) != 0)
      codec_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    int result = avcodec_open2(codec_.get(), encoder, nullptr);
    if (result < 0)
      fail(ErrorKind::output, result, std::string("encoder ") + encoder->name + " refuses the speech", path);
    parameters_.reset(avcodec_parameters_alloc());
    if (!parameters_ || avcodec_parameters_from_context(parameters_.get(), codec_.get()) < 0)
      throw Error(ErrorKind::memory, "out of memory");
    fifo_.reset(av_audio_fifo_alloc(codec_->sample_fmt, codec_->ch_layout.nb_channels, 4096));
    if (!fifo_) throw Error(ErrorKind::memory, "out of memory");
  }

  bool next(AVPacket* packet) override {
    while (true) {
      int result = avcodec_receive_packet(codec_.get(), packet);
      if (result >= 0) return true;
      if (result == AVERROR_EOF) return false;
      if (result != AVERROR(EAGAIN)) fail(ErrorKind::output, result, "the speech cannot be encoded", path_);
      feed_encoder();
    }
  }

  AVRational time_base() const override { return codec_->time_base; }
  const AVCodecParameters& parameters() const override { return *parameters_; }
  const AVStream& source() const override { return decoder_.stream(); }
  std::string action() const override {
    return std::string("encoded as ") + avcodec_get_name(codec_->codec_id);
  }

 private:
  struct FreeParameters {
    void operator()(AVCodecParameters* p) const { avcodec_parameters_free(&p); }
  };

  void feed_encoder() {
    int wanted = codec_->frame_size > 0 ? codec_->frame_size : 1024;
    while (!ended_ && av_audio_fifo_size(fifo_.get()) < wanted) decode_more();
    int count = std::min(wanted, av_audio_fifo_size(fifo_.get()));
    if (count == 0) {
      avcodec_send_frame(codec_.get(), nullptr);
      return;
    }
    Frame frame = samples_frame(count);
    av_audio_fifo_read(fifo_.get(), reinterpret_cast<void**>(frame->extended_data), count);
    frame->pts = written_;
    written_ += count;
    int result = avcodec_send_frame(codec_.get(), frame.get());
    if (result < 0) fail(ErrorKind::output, result, "the speech cannot be encoded", path_);
  }

  Frame samples_frame(int count) const {
    Frame frame = make_frame();
    frame->format = codec_->sample_fmt;
    frame->sample_rate = codec_->sample_rate;
    frame->nb_samples = count;
    if (av_channel_layout_copy(&frame->ch_layout, &codec_->ch_layout) < 0 ||
        av_frame_get_buffer(frame.get(), 0) < 0)
      throw Error(ErrorKind::memory, "out of memory");
    return frame;
  }

  void decode_more() {
    const AVFrame* frame = decoder_.read();
    if (frame == nullptr) {
      if (resampler_) resample(nullptr, 0);
      ended_ = true;
      return;
    }
    prepare_resampler(*frame);
    auto silence = int(std::llround(decoder_.gap_seconds() * codec_->sample_rate));
    while (silence > 0) {
      int count = std::min(silence, 4096);
      Frame quiet = samples_frame(count);
      av_samples_set_silence(quiet->extended_data, 0, count, codec_->ch_layout.nb_channels,
                             codec_->sample_fmt);
      append(quiet->extended_data, count);
      silence -= count;
    }
    resample(const_cast<const std::uint8_t**>(frame->extended_data), frame->nb_samples);
  }

  void prepare_resampler(const AVFrame& frame) {
    bool fits = resampler_ && format_ == frame.format && rate_ == frame.sample_rate &&
                channels_ == frame.ch_layout.nb_channels;
    if (fits) return;
    if (resampler_) resample(nullptr, 0);
    format_ = frame.format;
    rate_ = frame.sample_rate;
    channels_ = frame.ch_layout.nb_channels;
    AVChannelLayout from{};
    if (frame.ch_layout.order == AV_CHANNEL_ORDER_UNSPEC)
      av_channel_layout_default(&from, channels_);
    else if (av_channel_layout_copy(&from, &frame.ch_layout) < 0)
      throw Error(ErrorKind::memory, "out of memory");
    SwrContext* context = nullptr;
    int result = swr_alloc_set_opts2(&context, &codec_->ch_layout, codec_->sample_fmt, codec_->sample_rate,
                                     &from, AVSampleFormat(format_), rate_, 0, nullptr);
    av_channel_layout_uninit(&from);
    resampler_.reset(context);
    if (result >= 0) result = swr_init(context);
    if (result < 0) fail(ErrorKind::input, result, "its sound cannot be converted", path_);
  }

  void resample(const std::uint8_t** data, int count) {
    int room = swr_get_out_samples(resampler_.get(), count);
    if (room <= 0) return;
    Frame out = samples_frame(room);
    int got = swr_convert(resampler_.get(), out->extended_data, room, data, count);
    if (got < 0) fail(ErrorKind::input, got, "its sound cannot be converted", path_);
    append(out->extended_data, got);
  }

  void append(std::uint8_t** data, int count) {
    if (av_audio_fifo_write(fifo_.get(), reinterpret_cast<void**>(data), count) < count)
      throw Error(ErrorKind::memory, "out of memory");
  }

  std::filesystem::path path_;
  AudioDecoder decoder_;
  Codec codec_;
  std::unique_ptr<AVCodecParameters, FreeParameters> parameters_;
  Resampler resampler_;
  AudioFifo fifo_;
  int format_ = -1, rate_ = 0, channels_ = 0;
  std::int64_t written_ = 0;  // samples
  bool ended_ = false;
};

const AVCodec* audio_encoder(const OutputContainer& container) {
  const AVCodec* encoder = nullptr;
  if (container.is_mp4_like()) encoder = avcodec_find_encoder(AV_CODEC_ID_AAC);
  if (container.is("webm")) encoder = avcodec_find_encoder_by_name("libopus");
  if (encoder == nullptr) encoder = avcodec_find_encoder(container.get()->oformat->audio_codec);
  if (encoder == nullptr)
    throw Error(ErrorKind::output, "the container cannot hold the speech", container.path().string(),
                "name the result .mp4 or .mkv");
  return encoder;
}
}  // namespace

std::unique_ptr<AudioFeed> open_audio_feed(const std::filesystem::path& path,
                                           const OutputContainer& container, bool bit_exact) {
  auto copied = std::make_unique<CopiedAudio>(path);
  if (container.takes(copied->parameters().codec_id)) return copied;
  return std::make_unique<EncodedAudio>(path, audio_encoder(container), container, bit_exact);
}

}  // namespace resyncer::media
