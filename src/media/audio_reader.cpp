#include "resyncer/media/audio_reader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <fstream>

#include "audio_decoder.h"
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

// Returns the time of the first sample on the container's clock, s.
double decode(const std::filesystem::path& path, int rate, const Sink& sink) {
  AudioDecoder decoder(path);
  MonoResampler resampler(rate, path);
  while (const AVFrame* frame = decoder.read()) {
    auto left = std::size_t(std::llround(decoder.gap_seconds() * rate));
    if (left > 0) resampler.flush(sink);
    std::array<float, 4096> silence{};
    while (left > 0) {
      std::size_t count = std::min(left, silence.size());
      sink(silence.data(), count);
      left -= count;
    }
    resampler.convert(*frame, sink);
  }
  resampler.flush(sink);
  return decoder.start_seconds();
}

void put(std::ostream& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.put(char((value >> (8 * i)) & 0xFF));
}
}  // namespace

double stream_audio(const std::filesystem::path& path, int rate, const Sink& sink) {
  return decode(path, rate, sink);
}

core::AudioClip read_audio(const std::filesystem::path& path, int rate, double* start_seconds) {
  core::AudioClip clip;
  clip.rate = rate;
  double start = decode(path, rate, [&](const float* samples, std::size_t count) {
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
