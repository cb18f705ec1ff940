#include "demux.h"

#include <unistd.h>

#include <cmath>
#include <cstring>
#include <vector>

namespace resyncer::media {

namespace {
using core::Error;
using core::ErrorKind;

// What the file system knows is told first: libav's words for these cases are vague.
void check_regular(const std::filesystem::path& path) {
  std::error_code ignored;
  auto status = std::filesystem::status(path, ignored);
  if (!std::filesystem::exists(status))
    throw Error(ErrorKind::input, "the file does not exist", path.string());
  if (std::filesystem::is_directory(status))
    throw Error(ErrorKind::input, "is a folder, not a media file", path.string());
  if (!std::filesystem::is_regular_file(status))
    throw Error(ErrorKind::input, "is not a regular file", path.string(), "save it to a file first");
  if (::access(path.c_str(), R_OK) != 0)
    throw Error(ErrorKind::input, "no permission to read", path.string());
  if (std::filesystem::file_size(path, ignored) == 0)
    throw Error(ErrorKind::input, "the file is empty", path.string());
}

// Header probing decodes a few frames: the limits must hold there too.
void find_streams(AVFormatContext* input, const std::filesystem::path& path) {
  std::vector<AVDictionary*> options(input->nb_streams, nullptr);
  for (auto& entry : options) {
    av_dict_set_int(&entry, "max_pixels", kMaxPixels, 0);
    av_dict_set_int(&entry, "threads", 1, 0);
  }
  int result = avformat_find_stream_info(input, options.empty() ? nullptr : options.data());
  for (auto& entry : options) av_dict_free(&entry);
  if (result < 0) fail(ErrorKind::input, result, "cannot be read", path);
}

std::string tag(const AVStream& stream, const char* key) {
  const AVDictionaryEntry* entry = av_dict_get(stream.metadata, key, nullptr, 0);
  return entry != nullptr ? entry->value : "";
}

// WebM keeps the alpha plane of VP8 and VP9 as a second picture beside each, which only libvpx's decoder
// reads. Null: no such stream.
const AVCodec* alpha_decoder(const AVStream& stream) {
  const AVCodecID codec = stream.codecpar->codec_id;
  if ((codec != AV_CODEC_ID_VP8 && codec != AV_CODEC_ID_VP9) || tag(stream, "alpha_mode") != "1")
    return nullptr;
  return avcodec_find_decoder_by_name(codec == AV_CODEC_ID_VP8 ? "libvpx" : "libvpx-vp9");
}

void tell_alpha(AVStream* stream) {
  if (stream->codecpar->format == AV_PIX_FMT_YUV420P && alpha_decoder(*stream) != nullptr)
    stream->codecpar->format = AV_PIX_FMT_YUVA420P;
}
}  // namespace

Demuxer open_input(const std::filesystem::path& path) {
  silence();
  check_regular(path);
  Dictionary options;
  options.set("protocol_whitelist", "file");
  options.set("pattern_type", "none");  // "%d" in a picture's name is just that
  AVFormatContext* context = nullptr;
  // The prefix keeps names such as "a:b.mp4" or "-" from being taken for a protocol.
  int result = avformat_open_input(&context, ("file:" + path.string()).c_str(), nullptr, options.address());
  if (result < 0) {
    // Demuxers answer a header that they do not believe with any number.
    if (result == AVERROR(ENOMEM) || result == AVERROR(EIO) || result == AVERROR(EMFILE))
      fail(ErrorKind::input, result, "cannot be opened", path);
    throw Error(ErrorKind::input, "is not a media file, or it is damaged beyond reading", path.string());
  }
  Demuxer input(context);
  find_streams(context, path);
  if (context->nb_streams == 0) throw Error(ErrorKind::input, "no stream in the file", path.string());
  for (unsigned i = 0; i < context->nb_streams; ++i) tell_alpha(context->streams[i]);
  return input;
}

Codec open_decoder(const AVStream& stream, int threads, const std::filesystem::path& path) {
  const AVCodec* decoder = alpha_decoder(stream);
  if (decoder == nullptr) decoder = avcodec_find_decoder(stream.codecpar->codec_id);
  if (decoder == nullptr)
    throw Error(ErrorKind::input,
                std::string("no decoder for codec ") + avcodec_get_name(stream.codecpar->codec_id),
                path.string(), "convert the file first");
  Codec codec(avcodec_alloc_context3(decoder));
  if (!codec) throw Error(ErrorKind::memory, "out of memory", path.string());
  int result = avcodec_parameters_to_context(codec.get(), stream.codecpar);
  if (result < 0) fail(ErrorKind::input, result, "unusable stream parameters", path);
  codec->pkt_timebase = stream.time_base;
  codec->thread_count = threads;
  codec->max_pixels = kMaxPixels;
  codec->flags |= AV_CODEC_FLAG_OUTPUT_CORRUPT;  // a damaged frame still counts: frames in = frames out
  result = avcodec_open2(codec.get(), decoder, nullptr);
  if (result < 0)
    fail(ErrorKind::input, result, std::string("decoder ") + decoder->name + " cannot be opened", path);
  return codec;
}

Frame first_picture(const std::filesystem::path& path, int index) {
  Demuxer input = open_input(path);
  if (index >= int(input->nb_streams)) return nullptr;
  Codec codec = open_decoder(*input->streams[index], 1, path);
  Packet packet = make_packet();
  Frame frame = make_frame();
  while (av_read_frame(input.get(), packet.get()) >= 0) {
    bool sent = packet->stream_index == index && avcodec_send_packet(codec.get(), packet.get()) >= 0;
    av_packet_unref(packet.get());
    if (sent && avcodec_receive_frame(codec.get(), frame.get()) >= 0) return frame;
  }
  avcodec_send_packet(codec.get(), nullptr);
  return avcodec_receive_frame(codec.get(), frame.get()) >= 0 ? std::move(frame) : nullptr;
}

int choose_audio(const AVFormatContext& input) {
  int chosen = -1, best = -1;
  for (int i = 0; i < int(input.nb_streams); ++i) {
    const AVStream& stream = *input.streams[i];
    const AVCodecParameters& par = *stream.codecpar;
    if (par.codec_type != AVMEDIA_TYPE_AUDIO || par.ch_layout.nb_channels <= 0 || par.sample_rate <= 0)
      continue;
    const int impaired = AV_DISPOSITION_HEARING_IMPAIRED | AV_DISPOSITION_VISUAL_IMPAIRED;
    const int rank =
        int((stream.disposition & impaired) == 0) + int((stream.disposition & AV_DISPOSITION_DEFAULT) != 0);
    if (rank > best) best = rank, chosen = i;
  }
  return chosen;
}

StreamInfo describe(const AVStream& stream) {
  const AVCodecParameters& par = *stream.codecpar;
  StreamInfo info;
  info.index = stream.index;
  const char* type = av_get_media_type_string(par.codec_type);
  info.type = type != nullptr ? type : "data";
  if ((stream.disposition & AV_DISPOSITION_ATTACHED_PIC) != 0) info.type = "cover";
  info.codec = avcodec_get_name(par.codec_id);
  info.language = tag(stream, "language");
  info.title = tag(stream, "title");
  info.sample_rate = par.sample_rate;
  info.channels = par.codec_type == AVMEDIA_TYPE_AUDIO ? par.ch_layout.nb_channels : 0;
  if (stream.duration != AV_NOPTS_VALUE && stream.duration > 0)
    info.duration_seconds = seconds_of(stream.duration, stream.time_base);
  return info;
}

StreamInfo describe(const AVFormatContext& input, int index) {
  StreamInfo info = describe(*input.streams[index]);
  if (info.duration_seconds == 0 && input.duration != AV_NOPTS_VALUE && input.duration > 0)
    info.duration_seconds = double(input.duration) / AV_TIME_BASE;
  return info;
}

bool is_picture(const AVFormatContext& input) {
  const char* name = input.iformat->name;
  std::size_t length = std::strlen(name);
  bool piped = length > 5 && std::strcmp(name + length - 5, "_pipe") == 0;
  return piped || std::strcmp(name, "image2") == 0;
}

namespace {
int rotation_of_matrix(const std::uint8_t* data, std::size_t size) {
  if (data == nullptr || size < 9 * sizeof(std::int32_t)) return 0;
  double counter_clockwise = av_display_rotation_get(reinterpret_cast<const std::int32_t*>(data));
  if (std::isnan(counter_clockwise)) return 0;
  int quarters = int(std::lround(-counter_clockwise / 90));
  return ((quarters % 4) + 4) % 4 * 90;
}
}  // namespace

int rotation_of(const AVStream& stream) {
  std::size_t size = 0;
  const std::uint8_t* data = av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, &size);
  return rotation_of_matrix(data, size);
}

int rotation_of(const AVFrame& frame) {
  const AVFrameSideData* data = av_frame_get_side_data(&frame, AV_FRAME_DATA_DISPLAYMATRIX);
  return data != nullptr ? rotation_of_matrix(data->data, data->size) : 0;
}

double seconds_of(std::int64_t ticks, AVRational time_base) {
  return time_base.den == 0 ? 0 : double(ticks) * time_base.num / time_base.den;
}

}  // namespace resyncer::media
