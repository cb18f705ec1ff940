#include "libav.h"

#include <array>
#include <cctype>

namespace resyncer::media {

Frame make_frame() {
  Frame frame(av_frame_alloc());
  if (!frame) throw core::Error(core::ErrorKind::memory, "out of memory");
  return frame;
}

Packet make_packet() {
  Packet packet(av_packet_alloc());
  if (!packet) throw core::Error(core::ErrorKind::memory, "out of memory");
  return packet;
}

std::string message_of(int error) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  av_strerror(error, text.data(), text.size());
  std::string message = text.data();
  bool is_word = message.size() > 1 && std::islower(static_cast<unsigned char>(message[1])) != 0;
  if (is_word) message[0] = char(std::tolower(static_cast<unsigned char>(message[0])));
  return message;
}

void fail(core::ErrorKind kind, int error, const std::string& doing, const std::filesystem::path& place) {
  if (error == AVERROR(ENOMEM)) throw core::Error(core::ErrorKind::memory, "out of memory", place.string());
  if (error == AVERROR(EPIPE)) throw core::Error(kind, "whoever read it has closed the pipe", place.string());
  const bool full = error == AVERROR(ENOSPC) || error == AVERROR(EDQUOT);
  std::string remedy = full                      ? "free some disk space"
                       : error == AVERROR(EFBIG) ? "raise the limit on the size of files (ulimit -f)"
                                                 : "";
  throw core::Error(kind, doing + ": " + message_of(error), place.string(), remedy);
}

void silence() { av_log_set_level(AV_LOG_QUIET); }

}  // namespace resyncer::media
