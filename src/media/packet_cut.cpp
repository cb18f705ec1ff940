#include "packet_cut.h"

#include <algorithm>

namespace resyncer::media {

namespace {

// 0: compressed.
int pcm_frame_bytes(const AVCodecParameters& parameters) {
  if (parameters.codec_type != AVMEDIA_TYPE_AUDIO) return 0;
  return av_get_exact_bits_per_sample(parameters.codec_id) * parameters.ch_layout.nb_channels / 8;
}

}  // namespace

bool cut_packet(const Cut& cut, AVRational time_base, const AVCodecParameters& parameters, AVPacket* packet) {
  const std::int64_t at = packet->pts != AV_NOPTS_VALUE ? packet->pts : packet->dts;
  if (at == AV_NOPTS_VALUE) return true;
  if (av_compare_ts(at, time_base, cut.time, cut.time_base) >= 0) return false;
  const std::int64_t left = av_rescale_q(cut.time, cut.time_base, time_base) - at;
  const int frame_bytes = pcm_frame_bytes(parameters);
  if (frame_bytes > 0 && parameters.sample_rate > 0) {
    const std::int64_t samples = av_rescale_q(left, time_base, {1, parameters.sample_rate});
    if (samples * frame_bytes < packet->size) av_shrink_packet(packet, int(samples * frame_bytes));
  }
  packet->duration = std::min(packet->duration, left);
  return packet->size > 0;
}

}  // namespace resyncer::media
