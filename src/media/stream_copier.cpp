#include "stream_copier.h"

#include <algorithm>
#include <cstring>

#include "demux.h"

namespace resyncer::media {

using core::Error;
using core::ErrorKind;

namespace {
// What the muxers state themselves, or what is no longer true.
bool is_outdated(const std::string& key) {
  for (const char* name :
       {"major_brand", "minor_version", "compatible_brands", "encoder", "DURATION", "vendor_id"})
    if (key == name) return true;
  return key.rfind("_STATISTICS", 0) == 0 || key.rfind("NUMBER_OF_", 0) == 0 || key == "BPS";
}

bool is_cover(const AVStream& stream) { return (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) != 0; }

bool can_copy(const AVStream& stream, const OutputContainer& container) {
  const AVCodecParameters& par = *stream.codecpar;
  if (par.codec_type == AVMEDIA_TYPE_ATTACHMENT) return container.is("matroska") && par.extradata_size > 0;
  if (is_cover(stream))
    return (container.is_mp4_like() || container.is("matroska")) && stream.attached_pic.size > 0;
  if (!container.takes(par.codec_id)) return false;
  // A track without any packet: nobody knows what is in it, and no muxer can announce it.
  if (par.codec_type == AVMEDIA_TYPE_AUDIO && (par.sample_rate <= 0 || par.ch_layout.nb_channels <= 0))
    return false;
  // The muxer makes chapter and time code tracks of its own.
  if (par.codec_type == AVMEDIA_TYPE_DATA && par.codec_id == AV_CODEC_ID_BIN_DATA)
    return par.codec_tag == MKTAG('g', 'p', 'm', 'd') && container.is_mp4_like();
  return true;
}

bool keeps_tag(const AVCodecParameters& par, const AVOutputFormat& format) {
  if (format.codec_tag == nullptr) return true;
  return av_codec_get_id(format.codec_tag, par.codec_tag) == par.codec_id ||
         av_codec_get_tag(format.codec_tag, par.codec_id) == 0;
}

// What the muxer makes anew by itself from chapters and time codes, and what is no stream to anybody.
bool is_made_anew(const AVStream& stream, const OutputContainer& container) {
  const AVCodecParameters& par = *stream.codecpar;
  if (par.codec_type != AVMEDIA_TYPE_DATA) return false;
  if (par.codec_tag == MKTAG('t', 'm', 'c', 'd')) return container.is_mp4_like();
  return par.codec_id == AV_CODEC_ID_BIN_DATA && par.codec_tag == MKTAG('t', 'e', 'x', 't');
}

std::string leaving_out(const AVStream& stream, const OutputContainer& container) {
  const StreamInfo info = describe(stream);
  std::string text = container.path().string() + ": stream " + std::to_string(info.index) +
                     " of the source is left out (" + info.type;
  for (const std::string& part : {info.codec == "none" ? std::string() : info.codec, info.language})
    if (!part.empty()) text += ", " + part;
  return text + "): ";
}

// Matroska keeps a cover as an attached file.
void make_attachment(const AVStream& cover, AVStream* out) {
  AVCodecParameters& par = *out->codecpar;
  par.codec_type = AVMEDIA_TYPE_ATTACHMENT;
  av_freep(&par.extradata);
  par.extradata_size = 0;
  const AVPacket& picture = cover.attached_pic;
  par.extradata =
      static_cast<std::uint8_t*>(av_mallocz(std::size_t(picture.size) + AV_INPUT_BUFFER_PADDING_SIZE));
  if (par.extradata == nullptr) throw Error(ErrorKind::memory, "out of memory");
  std::memcpy(par.extradata, picture.data, std::size_t(picture.size));
  par.extradata_size = picture.size;
  bool png = par.codec_id == AV_CODEC_ID_PNG;
  out->disposition = 0;
  av_dict_set(&out->metadata, "filename", png ? "cover.png" : "cover.jpg", AV_DICT_DONT_OVERWRITE);
  av_dict_set(&out->metadata, "mimetype", png ? "image/png" : "image/jpeg", AV_DICT_DONT_OVERWRITE);
}
}  // namespace

void copy_metadata(const AVDictionary* from, AVDictionary** to) {
  const AVDictionaryEntry* entry = nullptr;
  while ((entry = av_dict_get(from, "", entry, AV_DICT_IGNORE_SUFFIX)) != nullptr)
    if (!is_outdated(entry->key)) av_dict_set(to, entry->key, entry->value, 0);
}

StreamCopier::StreamCopier(const std::filesystem::path& source, int video_stream)
    : input_(open_input(source)), video_stream_(video_stream) {
  if (video_stream >= int(input_->nb_streams))
    throw Error(ErrorKind::input, "the file has changed since it was opened", source.string());
  targets_.resize(input_->nb_streams, nullptr);
}

void StreamCopier::add_streams(bool new_speech, bool keep_audio, OutputContainer* container) {
  container_ = container;
  bool replace = new_speech && !keep_audio;
  int replaced = replace ? choose_audio(*input_) : -1;
  for (int i = 0; i < int(input_->nb_streams); ++i) {
    AVStream* stream = input_->streams[i];
    bool other_picture = stream->codecpar->codec_type == AVMEDIA_TYPE_VIDEO && !is_cover(*stream);
    bool wanted = i != video_stream_ && i != replaced && !other_picture, can = can_copy(*stream, *container);
    if (wanted && can) add(*stream, new_speech);
    if (wanted && !can && !is_made_anew(*stream, *container))
      left_out_.push_back(leaving_out(*stream, *container) + "this container does not take it");
    if (i != video_stream_ && other_picture)
      left_out_.push_back(leaving_out(*stream, *container) + "only one picture is rendered");
    if (targets_[std::size_t(i)] == nullptr) stream->discard = AVDISCARD_ALL;
  }
  copy_metadata(input_->metadata, &container->get()->metadata);
  copy_chapters();
}

void StreamCopier::add(const AVStream& stream, bool new_speech) {
  AVStream* out = container_->add_stream();
  if (avcodec_parameters_copy(out->codecpar, stream.codecpar) < 0)
    throw Error(ErrorKind::memory, "out of memory");
  if (!keeps_tag(*stream.codecpar, *container_->get()->oformat)) out->codecpar->codec_tag = 0;
  copy_metadata(stream.metadata, &out->metadata);
  out->time_base = stream.time_base;
  out->disposition = stream.disposition;
  out->sample_aspect_ratio = stream.sample_aspect_ratio;
  bool audio = stream.codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
  if (audio && new_speech) out->disposition &= ~AV_DISPOSITION_DEFAULT;
  copies_audio_ = copies_audio_ || audio;
  if (is_cover(stream) && container_->is_matroska()) {
    make_attachment(stream, out);
    return;
  }
  if (stream.codecpar->codec_type == AVMEDIA_TYPE_ATTACHMENT) return;  // no packets: all is in the header
  targets_[std::size_t(stream.index)] = out;
  ended_ = false;
}

void StreamCopier::copy_chapters() {
  AVFormatContext* out = container_->get();
  if (input_->nb_chapters == 0) return;
  out->chapters = static_cast<AVChapter**>(av_calloc(input_->nb_chapters, sizeof(AVChapter*)));
  if (out->chapters == nullptr) throw Error(ErrorKind::memory, "out of memory");
  for (unsigned i = 0; i < input_->nb_chapters; ++i) {
    const AVChapter& chapter = *input_->chapters[i];
    if (cut_ && av_compare_ts(chapter.start, chapter.time_base, cut_->time, cut_->time_base) >= 0) continue;
    auto* copy = static_cast<AVChapter*>(av_mallocz(sizeof(AVChapter)));
    if (copy == nullptr) throw Error(ErrorKind::memory, "out of memory");
    copy->id = chapter.id;
    copy->time_base = chapter.time_base;
    copy->start = chapter.start;
    copy->end = chapter.end;
    if (cut_) copy->end = std::min(copy->end, av_rescale_q(cut_->time, cut_->time_base, chapter.time_base));
    av_dict_copy(&copy->metadata, chapter.metadata, 0);
    out->chapters[out->nb_chapters++] = copy;
  }
}

// The next packet of a copied stream into packet_.
bool StreamCopier::read() {
  while (!ended_) {
    int result = av_read_frame(input_.get(), packet_.get());
    if (result == AVERROR(EAGAIN)) continue;
    if (result < 0) break;  // a file that breaks off: what came before it counts
    if (std::size_t(packet_->stream_index) < targets_.size() &&
        targets_[std::size_t(packet_->stream_index)] != nullptr)
      return true;
    av_packet_unref(packet_.get());
  }
  ended_ = true;
  return false;
}

void StreamCopier::write_until(std::int64_t time, AVRational time_base) {
  while (pending_ || (pending_ = read())) {
    std::int64_t at = packet_->dts != AV_NOPTS_VALUE ? packet_->dts : packet_->pts;
    AVRational base = input_->streams[packet_->stream_index]->time_base;
    if (at != AV_NOPTS_VALUE && av_compare_ts(at, base, time, time_base) > 0) return;
    int index = packet_->stream_index;
    if (!cut_ || cut_packet(*cut_, base, *input_->streams[index]->codecpar, packet_.get()))
      container_->write_copied(packet_.get(), *targets_[std::size_t(index)], base);
    else
      av_packet_unref(packet_.get());
    pending_ = false;
  }
}

void StreamCopier::write_rest() { write_until(INT64_MAX / 2, {1, 1}); }

}  // namespace resyncer::media
