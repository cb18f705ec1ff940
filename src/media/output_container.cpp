#include "output_container.h"

#include <algorithm>
#include <cstring>

#include "xmp_box.h"

namespace resyncer::media {

using core::Error;
using core::ErrorKind;

namespace {
const AVOutputFormat* format_for(const std::filesystem::path& path, const std::string& name) {
  const AVOutputFormat* format = name.empty() ? av_guess_format(nullptr, path.filename().c_str(), nullptr)
                                              : av_guess_format(name.c_str(), nullptr, nullptr);
  if (format == nullptr && name.empty() && is_stream(path))
    format = av_guess_format("matroska", nullptr, nullptr);
  bool is_video =
      format != nullptr && format->video_codec != AV_CODEC_ID_NONE && (format->flags & AVFMT_NOFILE) == 0;
  if (is_video) return format;
  throw Error(ErrorKind::output, "no video container is known for \"" + path.extension().string() + "\"",
              path.string(), "name the result .mp4, .mov, .mkv or .webm");
}

bool is_mp4_like(const AVOutputFormat& format) {
  constexpr const char* kNames[] = {"mp4", "mov", "ipod", "3gp", "3g2", "psp", "f4v"};
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [&](const char* name) { return std::strcmp(format.name, name) == 0; });
}

// Those that nothing is filled in of afterwards.
bool can_be_streamed(const AVOutputFormat& format) {
  constexpr const char* kNames[] = {"matroska", "webm", "nut", "mpegts", "yuv4mpegpipe"};
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [&](const char* name) { return std::strcmp(format.name, name) == 0; });
}

bool knows(const AVFormatContext& muxer, const char* option) {
  return av_opt_find(const_cast<AVFormatContext*>(&muxer), option, nullptr, 0, AV_OPT_SEARCH_CHILDREN) !=
         nullptr;
}
}  // namespace

bool is_stream(const std::filesystem::path& path) { return path == "-" || core::written_in_place(path); }

bool keeps_rotation(const std::filesystem::path& path, const std::string& format) {
  return is_mp4_like(*format_for(path, format));
}

OutputContainer::OutputContainer(const std::filesystem::path& path, const std::string& format, bool bit_exact)
    : path_(path == "-" ? "standard output" : path), streamed_(is_stream(path)) {
  silence();
  const AVOutputFormat* chosen = format_for(path, format);
  if (streamed_ && !can_be_streamed(*chosen))
    throw Error(ErrorKind::output,
                std::string("the container ") + chosen->name + " cannot be written into a pipe",
                path_.string(), "choose --format matroska, or write a file");
  if (path != "-") file_.emplace(path);
  AVFormatContext* context = nullptr;
  int result = avformat_alloc_output_context2(&context, chosen, nullptr, nullptr);
  if (result < 0) fail(ErrorKind::output, result, "cannot be set up", path);
  muxer_.reset(context);
  context->strict_std_compliance = FF_COMPLIANCE_EXPERIMENTAL;  // FLAC in MP4, which players have long known
  if (bit_exact) context->flags |= AVFMT_FLAG_BITEXACT;
  if (is("yuv4mpegpipe")) context->strict_std_compliance = FF_COMPLIANCE_UNOFFICIAL;  // more than 8 bits
  // Time stamps are to stay what they are. The other containers cannot say negative times.
  if (is_mp4_like() || is_matroska()) context->avoid_negative_ts = AVFMT_AVOID_NEG_TS_DISABLED;
}

bool OutputContainer::is(const char* format) const { return std::strcmp(muxer_->oformat->name, format) == 0; }

bool OutputContainer::is_mp4_like() const { return media::is_mp4_like(*muxer_->oformat); }

bool OutputContainer::is_matroska() const { return is("matroska") || is("webm"); }

bool OutputContainer::takes(AVCodecID codec) const {
  if (codec == AV_CODEC_ID_NONE) return false;
  if (is("mpegts")) {  // libavformat has no list for it
    constexpr AVCodecID kCodecs[] = {AV_CODEC_ID_H264,  AV_CODEC_ID_HEVC,        AV_CODEC_ID_MPEG2VIDEO,
                                     AV_CODEC_ID_MPEG4, AV_CODEC_ID_AAC,         AV_CODEC_ID_MP2,
                                     AV_CODEC_ID_MP3,   AV_CODEC_ID_AC3,         AV_CODEC_ID_EAC3,
                                     AV_CODEC_ID_OPUS,  AV_CODEC_ID_DVB_SUBTITLE};
    return std::find(std::begin(kCodecs), std::end(kCodecs), codec) != std::end(kCodecs);
  }
  if (is("mov") && codec == AV_CODEC_ID_FFV1) return true;  // under its AVI tag
  return avformat_query_codec(muxer_->oformat, codec, FF_COMPLIANCE_NORMAL) == 1;
}

AVStream* OutputContainer::add_stream() {
  AVStream* stream = avformat_new_stream(muxer_.get(), nullptr);
  if (stream == nullptr) throw Error(ErrorKind::memory, "out of memory", path().string());
  last_dts_.push_back(AV_NOPTS_VALUE);
  return stream;
}

void OutputContainer::add(const Statement& statement) {
  for (const auto& [key, text] : statement.tags) {
    const AVDictionaryEntry* own = av_dict_get(muxer_->metadata, key.c_str(), nullptr, 0);
    const std::string before = own != nullptr ? own->value : "";
    if (before.find(text) != std::string::npos) continue;  // a result is rendered once more
    av_dict_set(&muxer_->metadata, key.c_str(), (before.empty() ? text : before + '\n' + text).c_str(), 0);
  }
  if (is("mov") && !statement.xmp.empty())  // the muxer knows QuickTime's place for it
    av_dict_set(&muxer_->metadata, "xmp", statement.xmp.c_str(), 0);
  else if (is_mp4_like())
    appended_xmp_ = statement.xmp;
}

void OutputContainer::write_header(AVRational picture_time_base, double start_seconds) {
  // The prefix keeps names such as "a:b.mp4" from being taken for a protocol.
  std::string url = file_ ? "file:" + file_->temporary().string() : "pipe:1";
  int result = avio_open2(&muxer_->pb, url.c_str(), AVIO_FLAG_WRITE, nullptr, nullptr);
  if (result < 0) fail(ErrorKind::output, result, "cannot be written", path());
  if (streamed_) muxer_->pb->seekable = 0;  // what is written is gone, also where the system could seek
  Dictionary options;
  if (is_mp4_like()) {
    // The start of a track is told in the movie's time scale: it must be as fine as the picture's.
    options.set("video_track_timescale", std::to_string(picture_time_base.den));
    if (knows(*muxer_, "movie_timescale"))
      options.set("movie_timescale", std::to_string(picture_time_base.den));
  }
  if (is("mpegts") && start_seconds > 0.5) options.set("mpegts_copyts", "1");
  result = avformat_write_header(muxer_.get(), options.address());
  if (result < 0 && is("yuv4mpegpipe"))
    throw Error(ErrorKind::output, "y4m has no place for this video's pixel format", path().string(),
                "choose --format matroska");
  if (result < 0) fail(ErrorKind::output, result, "the container cannot hold these streams", path());
}

int OutputContainer::send(AVPacket* packet, const AVStream& stream, AVRational time_base) {
  av_packet_rescale_ts(packet, time_base, stream.time_base);
  packet->stream_index = stream.index;
  packet->pos = -1;
  std::int64_t& last = last_dts_[std::size_t(stream.index)];
  if (packet->dts == AV_NOPTS_VALUE) packet->dts = packet->pts;
  if (packet->dts != AV_NOPTS_VALUE) {  // rounding to a coarser time base must not turn the order round
    std::int64_t step = (muxer_->oformat->flags & AVFMT_TS_NONSTRICT) != 0 ? 0 : 1;
    if (last != AV_NOPTS_VALUE) packet->dts = std::max(packet->dts, last + step);
    // A picture's own time stamp is never touched where the container does not store decoding times.
    if (packet->pts != AV_NOPTS_VALUE && packet->pts < packet->dts) {
      if (is_matroska())
        packet->dts = packet->pts;
      else
        packet->pts = packet->dts;
    }
    last = std::max(last, packet->dts);
  }
  int result = av_interleaved_write_frame(muxer_.get(), packet);
  int written = muxer_->pb->error;
  if (written < 0) fail(ErrorKind::output, written, "cannot be written", path());
  return result;
}

void OutputContainer::write(AVPacket* packet, const AVStream& stream, AVRational time_base) {
  int result = send(packet, stream, time_base);
  if (result < 0) fail(ErrorKind::output, result, "cannot be written", path());
}

bool OutputContainer::write_copied(AVPacket* packet, const AVStream& stream, AVRational time_base) {
  int result = send(packet, stream, time_base);
  if (result == AVERROR(EINVAL) || result == AVERROR_INVALIDDATA) {
    av_packet_unref(packet);
    return false;
  }
  if (result < 0) fail(ErrorKind::output, result, "cannot be written", path());
  return true;
}

void OutputContainer::finish() {
  int result = av_write_trailer(muxer_.get());
  if (result >= 0) avio_flush(muxer_->pb);
  int written = muxer_->pb->error;
  int closed = avio_closep(&muxer_->pb);
  for (int each : {written, result, closed})
    if (each < 0) fail(ErrorKind::output, each, "cannot be written", path());
  if (!appended_xmp_.empty()) append_xmp_box(file_->temporary(), appended_xmp_);
  if (file_) file_->commit();
}

}  // namespace resyncer::media
