#include "resyncer/media/audio_reader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fstream>

#include "demux.h"
#include "resyncer/core/output_file.h"

namespace resyncer::media {

namespace {
using core::Error;
using core::ErrorKind;
using Sink = std::function<void(const float* samples, std::size_t count)>;

// Averages the channels and changes the rate. Set up anew when the stream changes its format on the way.
class MonoResampler {
 public:
  MonoResampler(int rate, const std::filesystem::path& path) : rate_(rate), path_(path) {}

  void convert(const AVFrame& frame, const Sink& sink) {
    if (!fits(frame)) {
      flush(sink);
      set_up(frame);
    }
    push(const_cast<const std::uint8_t**>(frame.extended_data), frame.nb_samples, sink);
  }
  void flush(const Sink& sink) {
    if (resampler_) push(nullptr, 0, sink);
  }

 private:
  bool fits(const AVFrame& frame) const {
    return resampler_ && frame.format == format_ && frame.sample_rate == source_rate_ &&
           frame.ch_layout.nb_channels == channels_;
  }

  void set_up(const AVFrame& frame) {
    format_ = frame.format;
    source_rate_ = frame.sample_rate;
    channels_ = frame.ch_layout.nb_channels;
    AVChannelLayout mono{}, unordered{};
    av_channel_layout_default(&mono, 1);
    av_channel_layout_default(&unordered, channels_);
    SwrContext* context = nullptr;
    int result = swr_alloc_set_opts2(&context, &mono, AV_SAMPLE_FMT_FLT, rate_, &unordered,
                                     AVSampleFormat(format_), source_rate_, 0, nullptr);
    resampler_.reset(context);
    std::vector<double> mean(std::size_t(channels_), 1.0 / channels_);
    if (result >= 0) result = swr_set_matrix(context, mean.data(), channels_);
    if (result >= 0) result = swr_init(context);
    if (result < 0) fail(ErrorKind::input, result, "its sound cannot be converted", path_);
  }

  void push(const std::uint8_t** data, int count, const Sink& sink) {
    int room = swr_get_out_samples(resampler_.get(), count);
    if (room <= 0) return;
    buffer_.resize(std::size_t(room));
    std::uint8_t* out = reinterpret_cast<std::uint8_t*>(buffer_.data());
    int got = swr_convert(resampler_.get(), &out, room, data, count);
    if (got < 0) fail(ErrorKind::input, got, "its sound cannot be converted", path_);
    for (int i = 0; i < got; ++i)
      if (!std::isfinite(buffer_[std::size_t(i)])) buffer_[std::size_t(i)] = 0;
    if (got > 0) sink(buffer_.data(), std::size_t(got));
  }

  int rate_;
  std::filesystem::path path_;
  Resampler resampler_;
  int format_ = -1, source_rate_ = 0, channels_ = 0;
  std::vector<float> buffer_;
};

class AudioDecoder {
 public:
  AudioDecoder(const std::filesystem::path& path, int rate)
      : path_(path), rate_(rate), input_(open_input(path)), resampler_(rate, path) {
    index_ = av_find_best_stream(input_.get(), AVMEDIA_TYPE_AUDIO, -1, -1, nullptr, 0);
    if (index_ < 0) throw Error(ErrorKind::input, "has no audio stream", path.string());
    codec_ = open_decoder(*input_->streams[index_], 1, path);
    for (int i = 0; i < int(input_->nb_streams); ++i)
      input_->streams[i]->discard = i == index_ ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
  }

  // Returns the time of the first sample on the container's clock.
  double run(const Sink& sink) {
    Packet packet = make_packet();
    while (av_read_frame(input_.get(), packet.get()) >= 0) {
      if (packet->stream_index == index_ && avcodec_send_packet(codec_.get(), packet.get()) >= 0)
        receive(sink);
      av_packet_unref(packet.get());
    }
    avcodec_send_packet(codec_.get(), nullptr);
    receive(sink);
    resampler_.flush(sink);
    if (!any_) throw Error(ErrorKind::input, "nothing of its sound can be decoded", path_.string());
    return start_;
  }

 private:
  void receive(const Sink& sink) {
    while (true) {
      int result = avcodec_receive_frame(codec_.get(), frame_.get());
      if (result == AVERROR(EAGAIN) || result == AVERROR_EOF) return;
      if (result == AVERROR(ENOMEM)) fail(ErrorKind::input, result, "cannot be decoded", path_);
      if (result < 0) continue;
      bool usable = frame_->nb_samples > 0 && frame_->sample_rate > 0 && frame_->ch_layout.nb_channels > 0;
      if (usable) take(sink);
      av_frame_unref(frame_.get());
    }
  }

  void take(const Sink& sink) {
    std::int64_t pts = frame_->best_effort_timestamp;
    double time = pts == AV_NOPTS_VALUE ? next_ : seconds_of(pts, input_->streams[index_]->time_base);
    if (!any_) {
      start_ = pts == AV_NOPTS_VALUE ? 0 : time;
      next_ = start_;
      any_ = true;
    }
    fill_gap(time - next_, sink);
    next_ = std::max(next_, time) + double(frame_->nb_samples) / frame_->sample_rate;
    resampler_.convert(*frame_, sink);
  }

  // A hole in the recording is silence: what follows must stay in time. Absurd time stamps are not believed.
  void fill_gap(double seconds, const Sink& sink) {
    constexpr double kShortest = 0.05, kLongest = 600;
    if (seconds < kShortest || seconds > kLongest) {
      if (seconds > kLongest) next_ += seconds;
      return;
    }
    resampler_.flush(sink);
    std::array<float, 4096> silence{};
    auto left = std::size_t(std::llround(seconds * rate_));
    while (left > 0) {
      std::size_t count = std::min(left, silence.size());
      sink(silence.data(), count);
      left -= count;
    }
  }

  std::filesystem::path path_;
  int rate_, index_ = -1;
  Demuxer input_;
  Codec codec_;
  Frame frame_ = make_frame();
  MonoResampler resampler_;
  bool any_ = false;
  double start_ = 0, next_ = 0;  // s
};

void put(std::ostream& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.put(char((value >> (8 * i)) & 0xFF));
}
}  // namespace

void stream_audio(const std::filesystem::path& path, int rate, const Sink& sink) {
  AudioDecoder(path, rate).run(sink);
}

core::AudioClip read_audio(const std::filesystem::path& path, int rate, double* start_seconds) {
  core::AudioClip clip;
  clip.rate = rate;
  double start = AudioDecoder(path, rate).run([&](const float* samples, std::size_t count) {
    clip.samples.insert(clip.samples.end(), samples, samples + count);
  });
  if (start_seconds != nullptr) *start_seconds = start;
  return clip;
}

void write_wav(const std::filesystem::path& path, const core::AudioClip& clip) {
  constexpr std::size_t kMostBytes = 0xFFFFFF00U;  // RIFF sizes have 32 bits
  std::size_t bytes = clip.samples.size() * 2;
  if (bytes > kMostBytes)
    throw Error(ErrorKind::output, "the sound is too long for a WAV file", path.string());
  core::OutputFile file(path);
  std::ofstream out(file.temporary(), std::ios::binary);
  out.write("RIFF", 4);
  put(out, std::uint32_t(36 + bytes), 4);
  out.write("WAVEfmt ", 8);
  put(out, 16, 4);
  put(out, 1, 2);  // PCM
  put(out, 1, 2);  // channels
  put(out, std::uint32_t(clip.rate), 4);
  put(out, std::uint32_t(clip.rate) * 2, 4);
  put(out, 2, 2);   // bytes a sample
  put(out, 16, 2);  // bits
  out.write("data", 4);
  put(out, std::uint32_t(bytes), 4);
  for (float sample : clip.samples) {
    auto value = std::int16_t(std::lround(std::clamp(sample, -1.F, 1.F) * 32767));
    put(out, std::uint16_t(value), 2);
  }
  out.close();
  if (!out) throw Error(ErrorKind::output, "cannot be written", path.string(), "free some disk space");
  file.commit();
}

}  // namespace resyncer::media
