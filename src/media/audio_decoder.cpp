#include "audio_decoder.h"

#include <algorithm>

#include "demux.h"

namespace resyncer::media {

using core::Error;
using core::ErrorKind;

AudioDecoder::AudioDecoder(const std::filesystem::path& path) : path_(path), input_(open_input(path)) {
  index_ = choose_audio(*input_);
  if (index_ < 0) throw Error(ErrorKind::input, "has no audio stream", path.string());
  codec_ = open_decoder(*input_->streams[index_], 1, path);
  for (int i = 0; i < int(input_->nb_streams); ++i)
    input_->streams[i]->discard = i == index_ ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
}

const AVFrame* AudioDecoder::read() {
  while (true) {
    int result = avcodec_receive_frame(codec_.get(), frame_.get());
    if (result == AVERROR(ENOMEM)) fail(ErrorKind::input, result, "its sound cannot be decoded", path_);
    if (result >= 0) {
      if (frame_->nb_samples <= 0 || frame_->sample_rate <= 0 || frame_->ch_layout.nb_channels <= 0) continue;
      measure_gap();
      return frame_.get();
    }
    if (result == AVERROR(EAGAIN) && !draining_) {
      draining_ = av_read_frame(input_.get(), packet_.get()) < 0;
      if (draining_)
        avcodec_send_packet(codec_.get(), nullptr);
      else if (packet_->stream_index == index_)
        avcodec_send_packet(codec_.get(), packet_.get());  // damage shows as a gap
      av_packet_unref(packet_.get());
      continue;
    }
    if (result != AVERROR_EOF && !draining_) continue;  // one damaged packet
    if (!any_) throw Error(ErrorKind::input, "nothing of its sound can be decoded", path_.string());
    return nullptr;
  }
}

void AudioDecoder::measure_gap() {
  constexpr double kShortest = 0.05, kLongest = 600;  // absurd time stamps are not believed
  std::int64_t pts = frame_->best_effort_timestamp;
  double time = pts == AV_NOPTS_VALUE ? next_ : seconds_of(pts, input_->streams[index_]->time_base);
  if (!any_) start_ = next_ = time;
  any_ = true;
  gap_ = time - next_;
  if (gap_ < kShortest || gap_ > kLongest) gap_ = 0;
  next_ = std::max(next_, time) + double(frame_->nb_samples) / frame_->sample_rate;
}

}  // namespace resyncer::media
