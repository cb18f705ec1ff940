// Copies the source's streams other than the picture, its chapters and metadata, packet by packet.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "output_container.h"
#include "packet_cut.h"

namespace resyncer::media {

// The tags of a file or stream that stay true in the result.
void copy_metadata(const AVDictionary* from, AVDictionary** to);

class StreamCopier {
 public:
  StreamCopier(const std::filesystem::path& source, int video_stream);

  // Nothing of the source is heard, shown or told from there on; to be said before streams are added.
  void end_at(const Cut& cut) { cut_ = cut; }
  // Adds the streams that the container takes. With a new speech the first audio track is left out unless
  // `keep_audio`.
  void add_streams(bool new_speech, bool keep_audio, OutputContainer* container);
  const AVStream& video_stream() const { return *input_->streams[video_stream_]; }
  bool copies_audio() const { return copies_audio_; }
  const std::vector<std::string>& left_out() const { return left_out_; }  // sentences for the user
  // Writes all packets up to this time of the source.
  void write_until(std::int64_t time, AVRational time_base);
  void write_rest();

 private:
  void add(const AVStream& stream, bool new_speech);
  void copy_chapters();
  bool read();

  OutputContainer* container_ = nullptr;
  Demuxer input_;
  int video_stream_;
  std::vector<AVStream*> targets_;  // by the source's index, null = not copied
  Packet packet_ = make_packet();
  std::vector<std::string> left_out_;
  std::optional<Cut> cut_;
  bool pending_ = false, ended_ = true, copies_audio_ = false;
};

}  // namespace resyncer::media
