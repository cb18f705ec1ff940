// One owning alias for each libav object, error texts, and silence: libav is seen only in this folder.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/audio_fifo.h>
#include <libavutil/channel_layout.h>
#include <libavutil/display.h>
#include <libavutil/dovi_meta.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>
}

#include <filesystem>
#include <memory>
#include <string>

#include "resyncer/core/error.h"

namespace resyncer::media {

struct Release {
  void operator()(AVFormatContext* c) const { avformat_close_input(&c); }
  void operator()(AVCodecContext* c) const { avcodec_free_context(&c); }
  void operator()(AVFrame* f) const { av_frame_free(&f); }
  void operator()(AVPacket* p) const { av_packet_free(&p); }
  void operator()(SwsContext* s) const { sws_freeContext(s); }
  void operator()(SwrContext* s) const { swr_free(&s); }
  void operator()(AVAudioFifo* f) const { av_audio_fifo_free(f); }
};
struct ReleaseOutput {
  void operator()(AVFormatContext* c) const {
    if (c->pb != nullptr) avio_closep(&c->pb);
    avformat_free_context(c);
  }
};

using Demuxer = std::unique_ptr<AVFormatContext, Release>;
using Muxer = std::unique_ptr<AVFormatContext, ReleaseOutput>;
using Codec = std::unique_ptr<AVCodecContext, Release>;
using Frame = std::unique_ptr<AVFrame, Release>;
using Packet = std::unique_ptr<AVPacket, Release>;
using Scaler = std::unique_ptr<SwsContext, Release>;
using Resampler = std::unique_ptr<SwrContext, Release>;
using AudioFifo = std::unique_ptr<AVAudioFifo, Release>;

// Options for an open call; what libav does not take stays in it.
class Dictionary {
 public:
  Dictionary() = default;
  ~Dictionary() { av_dict_free(&entries_); }
  Dictionary(const Dictionary&) = delete;
  Dictionary& operator=(const Dictionary&) = delete;
  void set(const char* key, const std::string& value) { av_dict_set(&entries_, key, value.c_str(), 0); }
  AVDictionary** address() { return &entries_; }

 private:
  AVDictionary* entries_ = nullptr;
};

// Allocations. Throw Error{memory}.
Frame make_frame();
Packet make_packet();

// FFmpeg's text of an error code, without its capital letter.
std::string message_of(int error);
// Error{memory} for ENOMEM, else Error{kind}: "<place>: <doing what>: <libav's text>".
[[noreturn]] void fail(core::ErrorKind kind, int error, const std::string& doing,
                       const std::filesystem::path& place);

// libav prints nothing from now on. Cheap; called by everything that opens a file.
void silence();

}  // namespace resyncer::media
